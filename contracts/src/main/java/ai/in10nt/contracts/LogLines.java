package ai.in10nt.contracts;

import java.util.List;

/**
 * Lines of an instance's log, as they were fetched from its machine: the data of {@code log.lines}. Their ids rise, within a record
 * and from record to record; after a takeover lines may come once more, in a record cut otherwise: drop ids that you have seen.
 */
public record LogLines(InstanceId instanceId, List<LogLine> lines) {
    public static final String TYPE = "log.lines";

    public LogLines {
        lines = List.copyOf(lines);
    }

    /** No line follows: the instance was destroyed. The data of {@code log.ended}. */
    public record Ended(InstanceId instanceId) {
        public static final String TYPE = "log.ended";
    }
}
