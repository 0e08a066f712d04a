package ai.in10nt.integration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A partner's address is a user's text: it must not lead into the operator's network. */
class AddressesTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "127.0.0.1",
                "localhost",
                "0.0.0.0",
                "10.1.2.3",
                "172.16.0.1",
                "192.168.1.1",
                "169.254.169.254",
                "100.64.0.1",
                "192.0.0.8",
                "198.18.0.1",
                "224.0.0.1",
                "255.255.255.255",
                "[::1]",
                "[::]",
                "[fe80::1]",
                "[fc00::1]",
                "[fdaa:0:1::3]",
                "[::ffff:127.0.0.1]",
                "[::ffff:10.0.0.1]",
                "[64:ff9b::7f00:1]",
                "[2002:7f00:1::]",
                "[2001:0:1::1]",
                "[ff02::1]"
            })
    void a_private_address_is_none_for_a_partner_unless_the_operator_says_so(String host) throws Exception {
        assertThatThrownBy(() -> Addresses.of(host, false)).isInstanceOf(Addresses.Forbidden.class);

        assertThat(Addresses.of(host, true)).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"140.82.112.5", "1.1.1.1", "[2606:4700::1111]", "172.32.0.1", "100.128.0.1"})
    void a_public_one_is(String host) throws Exception {
        assertThat(Addresses.of(host, false)).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"nobody.invalid", "a..b"})
    void a_name_that_leads_nowhere_is_said_to(String host) {
        assertThatThrownBy(() -> Addresses.of(host, true)).hasMessageContaining("isn't known");
    }
}
