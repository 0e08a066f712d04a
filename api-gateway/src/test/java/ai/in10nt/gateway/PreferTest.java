package ai.in10nt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PreferTest {
    @ParameterizedTest
    @CsvSource({
        "wait=10, 10",
        "'respond-async, wait=5', 5",
        "respond-async, 0",
        "Wait=7, 7",
        "return=minimal, 60",
        "wait=soon, 60",
        "wait=999999, 3600"
    })
    void the_header_says_how_long_to_hold(String header, long seconds) {
        assertThat(Prefer.hold(header, Duration.ofSeconds(60))).isEqualTo(Duration.ofSeconds(seconds));
    }

    @Test
    void without_it_the_default_holds() {
        assertThat(Prefer.hold(null, Duration.ofSeconds(60))).isEqualTo(Duration.ofSeconds(60));
    }
}
