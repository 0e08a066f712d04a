package ai.in10nt.log;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.in10nt.contracts.LogLine;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a machine tells is for nobody to trust: its owner may have taken it over. */
class TailTest {
    private static String json(long id, String rest) {
        return "{\"id\":" + id + ",\"source\":\"run\",\"message\":\"m\",\"timestamp\":\"2026-11-24T12:00:00Z\"," + rest
                + "}";
    }

    private static String good(long id) {
        return json(id, "\"type\":\"stdout\"");
    }

    @Test
    void lines_that_follow_are_taken() {
        var lines = Tail.lines(Buffer.buffer(good(7) + "\n" + good(9) + "\n"), 6);

        assertThat(lines.stream().map(LogLine::id)).containsExactly(7L, 9L);
        assertThat(Tail.lines(Buffer.buffer(), 6)).isEmpty();
    }

    @Test
    void times_that_cannot_be_are_replaced() {
        var wrong = good(7).replace("2026-11-24", "+99999-11-24");

        assertThat(Tail.lines(Buffer.buffer(wrong), 0).getFirst().timestamp())
                .isAfter(Instant.now().minus(Duration.ofMinutes(1)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\"type\":\"invented\"",
                "\"type\":\"stdout\",\"taskId\":\"x\"",
                "\"type\":null",
                "\"type\":\"stdout\",\"message\":null"
            })
    void what_is_no_line_is_refused(String rest) {
        var body = Buffer.buffer(json(7, rest));

        assertThatThrownBy(() -> Tail.lines(body, 0)).isInstanceOf(RuntimeException.class);
    }

    @Test
    void ids_that_do_not_rise_are_refused() {
        assertThatThrownBy(() -> Tail.lines(Buffer.buffer(good(7)), 7)).hasMessageContaining("line 7 follows line 7");
        assertThatThrownBy(() -> Tail.lines(Buffer.buffer(good(8) + "\n" + good(8)), 7))
                .hasMessageContaining("line 8 follows line 8");
        assertThatThrownBy(() -> Tail.lines(Buffer.buffer("x"), 7)).isInstanceOf(RuntimeException.class);
    }
}
