package ai.in10nt.log;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.LogLine;
import io.vertx.core.Future;
import io.vertx.core.http.HttpServerRequest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

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

    /** What was found, and whether there may be more. */
    record Page(List<String> lines, boolean isMore) {}

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
        return more(store, instanceId, from, to, new ArrayList<>(), 0);
    }

    private Future<Page> more(
            LogStore store, String instanceId, long from, long to, List<String> found, int charsSoFar) {
        if (from > to) {
            return Future.succeededFuture(page(found, false));
        }
        return store.search(instanceId, from, to, texts(), isForward(), BYTES).compose(chunks -> {
            int chars = charsSoFar;
            for (var chunk : chunks) {
                for (var json : isForward() ? chunk.json() : chunk.json().reversed()) {
                    if (matches(json, from, to)) {
                        found.add(json);
                        chars += json.length();
                        if (found.size() == limit || chars > MOST_CHARS) {
                            return Future.succeededFuture(page(found, true));
                        }
                    }
                }
            }
            if (chunks.isEmpty()) {
                return Future.succeededFuture(page(found, false));
            }
            return isForward()
                    ? more(store, instanceId, chunks.getLast().lastId() + 1, to, found, chars)
                    : more(store, instanceId, from, chunks.getLast().firstId() - 1, found, chars);
        });
    }

    private Page page(List<String> found, boolean isMore) {
        if (!isForward()) {
            Collections.reverse(found);
        }
        return new Page(found, isMore);
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

    /** Where to go on, as the value of a {@code Link}: only what changes of the query. */
    static @Nullable String next(History asked, Page page) {
        if (!page.isMore()) {
            return null;
        }
        return asked.isForward()
                ? "after=" + Chunk.idOf(page.lines().getLast())
                : "before=" + Chunk.idOf(page.lines().getFirst());
    }
}
