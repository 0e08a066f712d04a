package ai.in10nt.agent;

import ai.in10nt.contracts.AgentCommand;
import ai.in10nt.contracts.AgentRun;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.TaskId;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;

/** The agent server's HTTP API, for the platform only: every call carries this generation's token. */
final class Api {
    private static final long MAX_BODY = 4L * 1024 * 1024;
    private static final Duration LONGEST_HOLD = Duration.ofSeconds(60);

    private final AgentConfig config;
    private final OpenCodeProcess agent;
    private final Runs runs;
    private final RunStore store;
    private final Commands commands;
    private final byte[] expected;

    Api(AgentConfig config, OpenCodeProcess agent, Runs runs, RunStore store, Commands commands) {
        this.config = config;
        this.agent = agent;
        this.runs = runs;
        this.store = store;
        this.commands = commands;
        this.expected = ("Bearer " + config.secrets().token()).getBytes(StandardCharsets.UTF_8);
    }

    Router router(Vertx vertx) {
        var router = Router.router(vertx);
        router.route().handler(this::authenticate);
        router.get("/health").handler(this::health);
        router.put("/tasks/:taskId")
                .handler(BodyHandler.create(false).setBodyLimit(MAX_BODY))
                .handler(context -> blocking(context, this::put));
        router.put("/commands/:id")
                .handler(BodyHandler.create(false).setBodyLimit(MAX_BODY))
                .handler(context -> blocking(context, this::execute));
        router.get("/tasks/:taskId").handler(context -> blocking(context, this::get));
        router.delete("/tasks/:taskId").handler(context -> blocking(context, this::cancel));
        router.get("/tasks/:taskId/events").handler(context -> blocking(context, this::events));
        return router;
    }

    private void authenticate(RoutingContext context) {
        var given = String.valueOf(context.request().getHeader("Authorization")).getBytes(StandardCharsets.UTF_8);
        if (MessageDigest.isEqual(given, expected)) {
            context.next();
        } else {
            error(context, 401, "unauthorized", "This token isn't of this instance's present generation.");
        }
    }

    private void health(RoutingContext context) {
        answer(
                context,
                200,
                Map.of(
                        "status",
                        agent.isReady() ? "healthy" : "starting",
                        "type",
                        "opencode",
                        "generation",
                        config.secrets().generation()));
    }

    private void put(RoutingContext context) {
        try {
            var request = Json.read(String.valueOf(context.body().asString()), AgentRun.Request.class);
            answer(context, 200, runs.put(taskId(context), request));
        } catch (Runs.Superseded e) {
            error(context, 409, "superseded", String.valueOf(e.getMessage()));
        } catch (UncheckedIOException e) {
            error(context, 400, "malformed_json", "The body isn't a run request.");
        }
    }

    private void execute(RoutingContext context) {
        try {
            var request = Json.read(String.valueOf(context.body().asString()), AgentCommand.Request.class);
            commands.put(String.valueOf(context.pathParam("id")), request, hold(context))
                    .ifPresentOrElse(
                            result -> answer(context, 200, result),
                            () -> answer(context, 202, Map.of("status", "running")));
        } catch (Commands.Refused e) {
            error(context, e.status(), e.code(), String.valueOf(e.getMessage()));
        } catch (UncheckedIOException e) {
            error(context, 400, "malformed_json", "The body isn't a command.");
        }
    }

    private void get(RoutingContext context) {
        runs.get(taskId(context), hold(context))
                .ifPresentOrElse(
                        report -> answer(context, 200, report),
                        () -> error(
                                context, 404, "task_not_found", "This run isn't here, or was cut and not put again."));
    }

    private static Duration hold(RoutingContext context) {
        var waitMs = Optional.ofNullable(context.request().getParam("waitMs")).orElse("0");
        return Duration.ofMillis(Math.clamp(Long.parseLong(waitMs), 0, LONGEST_HOLD.toMillis()));
    }

    private void cancel(RoutingContext context) {
        runs.cancel(taskId(context));
        context.response().setStatusCode(204).end();
    }

    /** The run's stream so far and on, as SSE; {@code Last-Event-ID} goes on after it. Ends with the run. */
    private void events(RoutingContext context) {
        var taskId = taskId(context);
        var last = Optional.ofNullable(context.request().getHeader("Last-Event-ID"))
                .orElse("0");
        long id = Long.parseLong(last);
        var response = context.response().setChunked(true).putHeader("Content-Type", "text/event-stream");
        while (!response.closed()) {
            boolean isOver = runs.get(taskId, Duration.ofMillis(100))
                    .map(report -> report.state().isOver())
                    .orElse(true);
            for (var event : store.eventsAfter(taskId, id)) {
                id++;
                send(response, "id: " + id + "\ndata: " + event + "\n\n");
            }
            if (isOver) {
                send(response, "event: end\ndata: {}\n\n");
                response.end();
                return;
            }
        }
    }

    private static void send(HttpServerResponse response, String text) {
        response.write(text).toCompletionStage().toCompletableFuture().join();
    }

    private static String taskId(RoutingContext context) {
        var id = String.valueOf(context.pathParam("taskId"));
        if (!TaskId.isValid(id)) {
            throw new IllegalArgumentException("not a task id: " + id);
        }
        return id;
    }

    /** On a virtual thread, so that it may wait. */
    private static void blocking(RoutingContext context, Consumer<RoutingContext> handler) {
        Thread.ofVirtual().start(() -> {
            try {
                handler.accept(context);
            } catch (IllegalArgumentException e) {
                error(context, 400, "bad_request", String.valueOf(e.getMessage()));
            } catch (RuntimeException e) {
                Log.warn("%s: %s", context.normalizedPath(), e);
                error(context, 500, "internal_error", "The agent server failed; it was logged.");
            }
        });
    }

    private static void error(RoutingContext context, int status, String code, String detail) {
        answer(context, status, Map.of("code", code, "error", detail));
    }

    private static void answer(RoutingContext context, int status, Object body) {
        if (!context.response().ended()) {
            context.response()
                    .setStatusCode(status)
                    .putHeader("Content-Type", "application/json")
                    .end(Json.text(body));
        }
    }
}
