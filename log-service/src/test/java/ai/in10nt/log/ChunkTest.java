package ai.in10nt.log;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.LogLine;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class ChunkTest {
    private static final Instant AT = Instant.parse("2026-11-24T12:00:00Z");

    private static LogLine line(long id, String message) {
        return new LogLine(id, "stdout", "execute", message, AT.plusSeconds(100 - id), null);
    }

    @Test
    void lines_become_events_and_a_line_stays_one() {
        var chunk = Chunk.of(List.of(line(41, "a"), line(42, "two\r\nlines\u2028"), line(50, "c")));

        assertThat(chunk.firstId()).isEqualTo(41);
        assertThat(chunk.lastId()).isEqualTo(50);
        assertThat(chunk.until()).isEqualTo(AT.plusSeconds(59));
        assertThat(chunk.json()).hasSize(3);
        assertThat(chunk.events(0)).startsWith("id: 41\ndata: {\"id\":41,");
        assertThat(chunk.events(41).split("\n\n", -1)).hasSize(3).endsWith("");
        assertThat(chunk.events(42)).startsWith("id: 50\n");
        assertThat(chunk.events(50)).isEmpty();
    }
}
