package ai.in10nt.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.Keyset;
import ai.in10nt.contracts.SealedValue;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VaultTest {
    private static final InstanceId INSTANCE = InstanceId.mint();
    private static final Map<String, String> VALUES = Map.of("GITHUB_TOKEN", "ghp_hush", "JIRA_EMAIL", "a@b");

    @TempDir
    private Path folder = Path.of("");

    private SealedValue.KeyPair pair = new SealedValue.KeyPair("", "");

    /** As far as keys go. */
    private record Config(Path keyset) implements IntegrationConfig {
        @Override
        public Partners partners() {
            throw new UnsupportedOperationException();
        }
    }

    @BeforeEach
    void makeKeys() throws IOException {
        pair = SealedValue.KeyPair.generate();
        Files.writeString(folder.resolve("integration-private.json"), pair.privateKeyset());
        Files.writeString(folder.resolve("integration-wrapping.json"), Keyset.WRAPPING.fresh());
    }

    private Vault vault() {
        return new Vault(new Config(folder));
    }

    @Test
    void what_was_sealed_is_opened_by_who_has_the_keys_for_this_instance_alone() {
        var sealed = vault().seal("acme", INSTANCE, VALUES);

        assertThat(vault().open("acme", INSTANCE, sealed)).isEqualTo(VALUES);
        assertThat(new String(Objects.requireNonNull(sealed.text()), StandardCharsets.ISO_8859_1))
                .doesNotContain("ghp_hush");
        assertThat(sealed.toString()).doesNotContain("ghp_hush");
        assertThatThrownBy(() -> vault().open("other", INSTANCE, sealed)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> vault().open("acme", InstanceId.mint(), sealed))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void each_sealing_has_a_key_of_its_own() {
        var first = vault().seal("acme", INSTANCE, VALUES);
        var second = vault().seal("acme", INSTANCE, VALUES);

        assertThatThrownBy(() -> vault().open(
                                "acme",
                                INSTANCE,
                                new Vault.Sealed(second.dataKey(), first.text(), second.wrappingKey())))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void without_the_wrapping_key_nothing_is_opened() throws IOException {
        var sealed = vault().seal("acme", INSTANCE, VALUES);
        Files.writeString(folder.resolve("integration-wrapping.json"), Keyset.WRAPPING.fresh());

        assertThatThrownBy(() -> vault().open("acme", INSTANCE, sealed)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void while_the_wrapping_key_is_rotated_old_and_new_are_opened_and_then_the_new_alone() throws IOException {
        var file = folder.resolve("integration-wrapping.json");
        var old = Files.readString(file);
        var before = vault().seal("acme", INSTANCE, VALUES);
        var rotated = Keyset.WRAPPING.usingNewest(Keyset.WRAPPING.withAnother(old));
        Files.writeString(file, rotated);
        var after = vault().seal("acme", INSTANCE, VALUES);

        assertThat(before.wrappingKey()).isEqualTo(Keyset.primary(old));
        assertThat(after.wrappingKey()).isEqualTo(Keyset.primary(rotated)).isNotEqualTo(Keyset.primary(old));
        assertThat(vault().wrappingKeys()).isEqualTo(2);
        assertThat(vault().olderWrappingKeys()).containsExactly(Keyset.primary(old));
        assertThat(vault().open("acme", INSTANCE, before)).isEqualTo(VALUES);
        assertThat(vault().open("acme", INSTANCE, after)).isEqualTo(VALUES);

        Files.writeString(file, Keyset.WRAPPING.without(rotated, Set.of(Keyset.primary(old))));
        assertThat(vault().open("acme", INSTANCE, after)).isEqualTo(VALUES);
        assertThatThrownBy(() -> vault().open("acme", INSTANCE, before)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void what_the_gateway_sealed_is_opened_and_nothing_is_nothing() {
        var sealer = new SealedValue.Sealer(pair.publicKeyset());

        assertThat(vault().opened("acme", INSTANCE, sealer.seal("acme", INSTANCE, "{\"GITHUB_TOKEN\":\"ghp_hush\"}")))
                .isEqualTo(Map.of("GITHUB_TOKEN", "ghp_hush"));
        assertThat(vault().opened("acme", INSTANCE, null)).isEmpty();
        assertThat(vault().open("acme", INSTANCE, vault().seal("acme", INSTANCE, Map.of())))
                .isEmpty();
    }
}
