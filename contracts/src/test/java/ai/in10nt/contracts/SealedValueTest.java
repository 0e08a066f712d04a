package ai.in10nt.contracts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SealedValueTest {
    private final SealedValue.KeyPair keys = SealedValue.KeyPair.generate();
    private final SealedValue.Sealer sealer = new SealedValue.Sealer(keys.publicKeyset());
    private final SealedValue.Opener opener = new SealedValue.Opener(keys.privateKeyset());
    private final InstanceId instance = InstanceId.mint();

    @Test
    void only_its_owner_reads_it() {
        var sealed = sealer.seal("acme", instance, "a secret");

        assertThat(sealed).doesNotContain("secret");
        assertThat(opener.open("acme", instance, sealed)).isEqualTo("a secret");
        var stranger = new SealedValue.Opener(SealedValue.KeyPair.generate().privateKeyset());
        assertThatThrownBy(() -> stranger.open("acme", instance, sealed)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_value_moved_to_another_tenant_or_instance_opens_nothing() {
        var sealed = sealer.seal("acme", instance, "a secret");

        assertThatThrownBy(() -> opener.open("others", instance, sealed)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> opener.open("acme", InstanceId.mint(), sealed))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void keys_dont_show_in_texts() {
        assertThat(keys.toString()).doesNotContain("key\"").hasSizeLessThan(20);
    }
}
