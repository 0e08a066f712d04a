package ai.in10nt.log;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.LogLine;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Lines that were fetched together, as they are stored.
 *
 * @param until the newest time that a line of it has
 * @param types of its lines; empty where that wasn't asked for
 * @param lines JSON each, with a line break between
 */
record Chunk(long firstId, long lastId, Instant until, Set<String> types, String lines) {
    /** The first field of a line is its id. */
    private static final String BEFORE_ID = "{\"id\":";

    static Chunk of(List<LogLine> lines) {
        return new Chunk(
                lines.getFirst().id(),
                lines.getLast().id(),
                lines.stream().map(LogLine::timestamp).max(Instant::compareTo).orElseThrow(),
                lines.stream().map(LogLine::type).collect(Collectors.toUnmodifiableSet()),
                lines.stream().map(Json::text).collect(Collectors.joining("\n")));
    }

    /** How large it is where it is stored. */
    int size() {
        return lines.getBytes(StandardCharsets.UTF_8).length;
    }

    List<String> json() {
        return lines.lines().toList();
    }

    static long idOf(String json) {
        int end = BEFORE_ID.length();
        while (Character.isDigit(json.charAt(end))) {
            end++;
        }
        return Long.parseLong(json, BEFORE_ID.length(), end, 10);
    }

    /** As Server-Sent Events, those after the one of an id. */
    String events(long after) {
        var events = new StringBuilder(lines.length() + lines.length() / 4);
        for (var json : json()) {
            long id = idOf(json);
            if (id > after) {
                events.append("id: ").append(id).append("\ndata: ").append(json).append("\n\n");
            }
        }
        return events.toString();
    }
}
