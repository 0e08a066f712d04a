package ai.in10nt.task;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.TaskId;
import ai.in10nt.httpproxy.Connections;
import ai.in10nt.httpproxy.EventStream;
import ai.in10nt.httpproxy.OpenStreams;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * {@code GET /tasks/{taskId}/events} for the gateway: a task's stream as Server-Sent Events. Its ids follow from what is stored: 1 is
 * {@code queued}, 2 {@code running}, then what the agent told, and last the end; so every replica gives the same event the same id.
 */
@ApplicationScoped
class TaskStreams {
    private static final Logger LOG = Logger.getLogger(TaskStreams.class);
    private static final Duration LOOK = Duration.ofMillis(400);
    /** For how long a reader may take nothing. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** A task that the gateway has accepted may not be decided yet. */
    private static final Duration DECIDED_WITHIN = Duration.ofSeconds(15);

    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");
    private static final int PAGE = 200;
    private static final int RUNNING = 2;

    private final TaskStore store;
    private final RunEvents events;
    private final AgentAccess access;
    private final OpenStreams open = new OpenStreams();

    TaskStreams(TaskStore store, RunEvents events, AgentAccess access) {
        this.store = store;
        this.events = events;
        this.access = access;
    }

    void add(@Observes Router router) {
        router.get("/tasks/:taskId/events")
                .order(-1)
                .handler(context -> Thread.ofVirtual().start(() -> answer(context)));
    }

    void stop(@Observes ShutdownDelayInitiatedEvent event) {
        open.stop();
    }

    /** A stream that can't be given, and why. */
    private static final class Refused extends RuntimeException {
        private final int status;
        private final String code;

        Refused(int status, String code, String message) {
            super(message, null, false, false);
            this.status = status;
            this.code = code;
        }
    }

    private void answer(RoutingContext context) {
        var response = context.response();
        open.add(context.request());
        try {
            if (!access.isService("task-service", context.request().getHeader("Authorization"))) {
                throw new Refused(401, "unauthorized", "This is for the gateway.");
            }
            var taskId = String.valueOf(context.pathParam("taskId"));
            var task = decided(taskId);
            long position = position(context.request(), task);
            if (task.isOver() && position >= last(task)) {
                response.setStatusCode(204).end();
                return;
            }
            follow(context.request(), taskId, position);
        } catch (Refused refused) {
            response.setStatusCode(refused.status)
                    .putHeader("Content-Type", "application/json")
                    .putHeader(AgentAccess.PROBLEM_HEADER, refused.code)
                    .end(Json.text(Map.of("code", refused.code, "error", String.valueOf(refused.getMessage()))));
        } catch (InterruptedException e) {
            Connections.cut(context.request().connection());
        } catch (RuntimeException e) {
            // The reader comes again with the id that it has.
            LOG.warnf("a stream ends early: %s", e);
            if (response.headWritten()) {
                response.reset();
            } else {
                response.setStatusCode(503).end();
            }
        } finally {
            open.remove(context.request());
        }
    }

    private Task decided(String taskId) throws InterruptedException {
        long deadline = System.nanoTime() + DECIDED_WITHIN.toNanos();
        while (TaskId.isValid(taskId)) {
            var task = store.find(taskId).map(TaskStore.Read::task);
            if (task.isPresent()) {
                return task.get();
            }
            if (System.nanoTime() > deadline) {
                break;
            }
            events.await(taskId, LOOK);
        }
        throw new Refused(404, "task_not_found", "There is no task " + taskId + ".");
    }

    /** The id of the last event that the reader has. */
    private long position(HttpServerRequest request, Task task) {
        var id = Optional.ofNullable(request.getHeader("Last-Event-ID"))
                .or(() -> Optional.ofNullable(request.getParam("lastEventId")));
        var from = Optional.ofNullable(request.getParam("from")).orElse("start");
        long position = id.isPresent() ? number(id.get(), task) : from(from, task);
        var completed = task.data().completedAt();
        boolean isKept = completed == null || completed.plus(events.keep()).isAfter(Instant.now());
        if (!isKept && position < last(task)) {
            throw new Refused(410, "stream_expired", "The events of this task are kept no longer; it has ended.");
        }
        return position;
    }

    private long number(String id, Task task) {
        if (!NUMBER.matcher(id).matches() || Long.parseLong(id) > last(task)) {
            throw new Refused(
                    400, "invalid_last_event_id", "Last-Event-ID: must be the id of an event of this stream.");
        }
        return Long.parseLong(id);
    }

    private long from(String from, Task task) {
        if (from.equals("start")) {
            return 0;
        }
        if (from.equals("now")) {
            return last(task);
        }
        try {
            return before(Instant.parse(from), task);
        } catch (DateTimeParseException e) {
            throw new Refused(400, "invalid_from", "from: must be start, now or a time like 2026-01-31T12:00:00Z.");
        }
    }

    private long before(Instant time, Task task) {
        if (!task.data().createdAt().isBefore(time)) {
            return 0;
        }
        var started = task.data().startedAt();
        if (started == null || !started.isBefore(time)) {
            return 1;
        }
        long number = 0;
        for (var page = page(task, number); !page.isEmpty(); page = page(task, number)) {
            for (var event : page) {
                if (!event.at().isBefore(time)) {
                    return RUNNING + number;
                }
                number = event.number();
            }
        }
        var completed = task.data().completedAt();
        return RUNNING + number + (completed != null && completed.isBefore(time) ? 1 : 0);
    }

    private List<RunEvents.RunEvent> page(Task task, long after) {
        return events.after(task.data().taskId().value(), after, PAGE);
    }

    /** The id of the last event that there is now. */
    private long last(Task task) {
        long told = task.data().startedAt() == null
                ? 1
                : RUNNING + events.last(task.data().taskId().value());
        return told + (task.isOver() ? 1 : 0);
    }

    private void follow(HttpServerRequest request, String taskId, long from) throws InterruptedException {
        var stream = EventStream.open(request, events.keep(), PATIENCE, String.valueOf(from));
        long position = from;
        while (stream.isOpen()) {
            // First how it stands, then what was told: nothing is told after the end.
            var task = store.find(taskId).map(TaskStore.Read::task).orElseThrow();
            long before = position;
            position = send(stream, task, position);
            if (stream.isOpen() && task.isOver() && position == last(task)) {
                stream.end();
                return;
            }
            stream.heartbeat();
            if (position == before) {
                events.await(taskId, LOOK);
            }
        }
    }

    private long send(EventStream stream, Task task, long from) throws InterruptedException {
        long position = from;
        var data = task.data();
        if (position < 1) {
            position = give(stream, 1, state("queued", data.createdAt(), null));
        }
        if (position < RUNNING && data.startedAt() != null) {
            position = give(stream, RUNNING, state("running", data.startedAt(), null));
        }
        if (position >= RUNNING && data.startedAt() != null) {
            var page = page(task, position - RUNNING);
            for (var event : page) {
                position = give(stream, RUNNING + event.number(), event.data());
            }
            if (page.size() == PAGE) {
                return position;
            }
        }
        long end = last(task);
        if (task.isOver() && position == end - 1) {
            position = give(stream, end, state(data.state().text(), data.completedAt(), data.error()));
        }
        return position;
    }

    private static long give(EventStream stream, long id, String data) throws InterruptedException {
        stream.give(String.valueOf(id), data);
        return id;
    }

    private static String state(String state, @Nullable Instant at, @Nullable Object error) {
        var event = new LinkedHashMap<String, Object>();
        event.put("type", "state");
        event.put("state", state);
        if (at != null) {
            event.put("at", at);
        }
        if (error != null) {
            event.put("error", error);
        }
        return Json.text(event);
    }
}
