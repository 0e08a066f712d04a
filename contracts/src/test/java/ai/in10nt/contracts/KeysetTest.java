package ai.in10nt.contracts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class KeysetTest {
    private final InstanceId instance = InstanceId.mint();

    private String seal(String privateKeyset) {
        return new SealedValue.Sealer(Keyset.PAIR.publicOf(privateKeyset)).seal("acme", instance, "hush");
    }

    private String open(String privateKeyset, String sealed) {
        return new SealedValue.Opener(privateKeyset).open("acme", instance, sealed);
    }

    @Test
    void a_rotated_pair_opens_old_and_new_until_the_old_key_goes() {
        var old = Keyset.PAIR.fresh();
        var both = Keyset.PAIR.withAnother(old);
        var rotated = Keyset.PAIR.usingNewest(both);
        var only = Keyset.PAIR.without(rotated, Set.of(Keyset.primary(old)));

        assertThat(Keyset.primary(both)).isEqualTo(Keyset.primary(old));
        assertThat(Keyset.ids(both)).hasSize(2).startsWith(Keyset.primary(old));
        assertThat(Keyset.primary(rotated)).isEqualTo(Keyset.ids(both).getLast());
        assertThat(open(rotated, seal(old))).isEqualTo("hush");
        assertThat(open(both, seal(rotated))).isEqualTo("hush");
        assertThat(open(only, seal(rotated))).isEqualTo("hush");
        assertThat(Keyset.ids(only)).containsExactly(Keyset.primary(rotated));
        assertThatThrownBy(() -> open(only, seal(old))).isInstanceOf(IllegalArgumentException.class);
        assertThat(Keyset.PAIR.publicOf(only)).doesNotContain("PRIVATE");
    }

    @Test
    void the_key_in_use_is_not_taken_away() {
        var keyset = Keyset.WRAPPING.fresh();

        assertThatThrownBy(() -> Keyset.WRAPPING.without(keyset, Set.of(Keyset.primary(keyset))))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void a_replaced_file_is_read_again_and_a_spoilt_one_changes_nothing(@TempDir Path folder) throws IOException {
        var path = folder.resolve("pair.json");
        var first = Keyset.PAIR.fresh();
        Files.writeString(path, first);
        var file = new KeyFile<>(path, SealedValue.Opener::new);
        assertThat(file.content().primary()).isEqualTo(Keyset.primary(first));

        var second = Keyset.PAIR.usingNewest(Keyset.PAIR.withAnother(first));
        Files.writeString(path, second);
        await(() -> file.content().primary() == Keyset.primary(second));
        assertThat(file.content().ids()).isEqualTo(Keyset.ids(second));
        assertThat(file.made().open("acme", instance, seal(second))).isEqualTo("hush");

        Files.writeString(path, "{");
        await(() -> file.content().primary() == Keyset.primary(second));
    }

    private interface Condition {
        boolean holds();
    }

    private static void await(Condition condition) {
        var deadline = Instant.now().plus(Duration.ofSeconds(10));
        while (!condition.holds()) {
            assertThat(Instant.now()).isBefore(deadline);
            Thread.onSpinWait();
        }
    }
}
