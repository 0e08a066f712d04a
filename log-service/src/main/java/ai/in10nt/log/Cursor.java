package ai.in10nt.log;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.LogLine;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.regex.Pattern;

/** Where a stream begins: exactly after the line that its reader names, or where it asks to. */
record Cursor(Optional<String> lastEventId, Optional<String> from) {
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");

    static Cursor of(HttpServerRequest request) {
        return new Cursor(
                Optional.ofNullable(request.getHeader("Last-Event-ID"))
                        .or(() -> Optional.ofNullable(request.getParam("lastEventId"))),
                Optional.ofNullable(request.getParam("from")));
    }

    /** The id of the last line that the reader has. */
    Future<Long> position(LogStore store, String instanceId, LogStore.State state) {
        if (lastEventId.isPresent()) {
            return after(store, instanceId, state, lastEventId.get());
        }
        return switch (from.orElse("now")) {
            case "now" -> Future.succeededFuture(state.lastId());
            case "start" -> Future.succeededFuture(0L);
            default -> since(store, instanceId, state, time(from.orElseThrow()));
        };
    }

    private static Future<Long> after(LogStore store, String instanceId, LogStore.State state, String text) {
        if (!NUMBER.matcher(text).matches() || Long.parseLong(text) > state.lastId()) {
            throw new Refused(
                    400, "invalid_last_event_id", "Last-Event-ID: must be the id of a line of this instance's log.");
        }
        long id = Long.parseLong(text);
        if (id == state.lastId() || id == 0) {
            return Future.succeededFuture(id);
        }
        return store.at(instanceId, 1).map(oldest -> {
            if (oldest.isEmpty() || oldest.get().firstId() > id + 1) {
                var kept = oldest.map(chunk -> "the oldest kept is " + chunk.firstId() + "; from=start begins there.")
                        .orElse("none is kept.");
                throw new Refused(410, "stream_expired", "Lines after " + id + " are kept no longer: " + kept);
            }
            return id;
        });
    }

    private static Instant time(String from) {
        try {
            return Instant.parse(from);
        } catch (DateTimeParseException e) {
            throw new Refused(400, "invalid_from", "from: must be start, now or a time like 2026-01-31T12:00:00Z.");
        }
    }

    private static Future<Long> since(LogStore store, String instanceId, LogStore.State state, Instant time) {
        return store.since(instanceId, time)
                .map(found -> found.flatMap(chunk -> chunk.json().stream()
                                .map(json -> Json.read(json, LogLine.class))
                                .filter(line -> !line.timestamp().isBefore(time))
                                .map(line -> line.id() - 1)
                                .findFirst())
                        .orElse(state.lastId()));
    }
}
