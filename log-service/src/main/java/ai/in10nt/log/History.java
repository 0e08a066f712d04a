package ai.in10nt.log;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.LogLine;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Stored lines as JSON: the newest that match, or, where {@code after} is given, the first that follow it; oldest first.
 *
 * @param before lines with smaller ids only
 * @param after lines with greater ids only
 * @param types none: all
 * @param text what the message must have in it
 */
record History(
        int limit,
        Optional<Long> before,
        Optional<Long> after,
        Set<String> types,
        Optional<String> taskId,
        Optional<String> text) {

    private static final int DEFAULT_LIMIT = 1000;
    private static final int BYTES = 1024 * 1024;
    /** A page ends early where its lines are long. */
    private static final int MOST_CHARS = 8 * 1024 * 1024;

    /** A page ends early, maybe empty, where looking for what it asks for takes long. */
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /**
     * What was found.
     *
     * @param end the line before which or after which there may be more
     */
    record Page(List<String> lines, OptionalLong end) {}

    /** The gateway has checked them. */
    static History of(HttpServerRequest request) {
        try {
            return new History(
                    number(request, "limit").map(Math::toIntExact).orElse(DEFAULT_LIMIT),
                    number(request, "before"),
                    number(request, "after"),
                    Set.copyOf(List.of(Optional.ofNullable(request.getParam("type"))
                            .filter(type -> !type.isEmpty())
                            .map(type -> type.split(",", -1))
                            .orElse(new String[0]))),
                    Optional.ofNullable(request.getParam("taskId")),
                    Optional.ofNullable(request.getParam("q")).filter(q -> !q.isEmpty()));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new Refused(400, "invalid_request", "limit, before and after must be numbers, type a list of types.");
        }
    }

    private static Optional<Long> number(HttpServerRequest request, String name) {
        return Optional.ofNullable(request.getParam(name)).map(Long::valueOf);
    }

    boolean isForward() {
        return after.isPresent();
    }

    Future<Page> read(LogStore store, String instanceId) {
        long from = after.orElse(0L) + 1;
        long to = before.map(id -> id - 1).orElse(Long.MAX_VALUE);
        return more(store, instanceId, from, to, new Found(new ArrayList<>(), 0, System.nanoTime()));
    }

    /** @param chars of the lines */
    private record Found(List<String> lines, int chars, long began) {
        boolean isTimeOver() {
            return System.nanoTime() - began > PATIENCE.toNanos();
        }
    }

    private Future<Page> more(LogStore store, String instanceId, long from, long to, Found sofar) {
        if (from > to) {
            return Future.succeededFuture(page(sofar.lines, OptionalLong.empty()));
        }
        return store.search(instanceId, from, to, types, texts(), isForward(), BYTES)
                .compose(searched -> {
                    int chars = sofar.chars;
                    for (var chunk : searched.found()) {
                        for (var json :
                                isForward() ? chunk.json() : chunk.json().reversed()) {
                            if (matches(json, from, to)) {
                                sofar.lines.add(json);
                                chars += json.length();
                                if (sofar.lines.size() == limit || chars > MOST_CHARS) {
                                    return Future.succeededFuture(page(sofar.lines, OptionalLong.of(Chunk.idOf(json))));
                                }
                            }
                        }
                    }
                    if (searched.end().isEmpty() || sofar.isTimeOver()) {
                        return Future.succeededFuture(page(sofar.lines, searched.end()));
                    }
                    long end = searched.end().getAsLong();
                    var found = new Found(sofar.lines, chars, sofar.began);
                    return isForward()
                            ? more(store, instanceId, end + 1, to, found)
                            : more(store, instanceId, from, end - 1, found);
                });
    }

    private Page page(List<String> found, OptionalLong end) {
        if (!isForward()) {
            Collections.reverse(found);
        }
        return new Page(found, end);
    }

    /** As they are in the text of a line that matches. */
    private List<String> texts() {
        var texts = new ArrayList<String>();
        text.ifPresent(words -> {
            var json = Json.text(words);
            texts.add(json.substring(1, json.length() - 1));
        });
        taskId.ifPresent(task -> texts.add(Json.text(task)));
        return texts;
    }

    private boolean matches(String json, long from, long to) {
        long id = Chunk.idOf(json);
        if (id < from || id > to) {
            return false;
        }
        if (types.isEmpty() && taskId.isEmpty() && text.isEmpty()) {
            return true;
        }
        var line = Json.read(json, LogLine.class);
        return (types.isEmpty() || types.contains(line.type()))
                && taskId.map(task -> task.equals(line.taskId())).orElse(true)
                && text.map(line.message()::contains).orElse(true);
    }

    /** Where to go on: only what changes of the query. */
    Optional<String> next(Page page) {
        return page.end().isEmpty()
                ? Optional.empty()
                : Optional.of((isForward() ? "after=" : "before=") + page.end().getAsLong());
    }
}
