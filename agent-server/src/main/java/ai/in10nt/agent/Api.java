package ai.in10nt.agent;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.AgentCommand;
import ai.in10nt.contracts.AgentRun;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.TaskId;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletionException;
import java.util.stream.Stream;

/** The agent server's HTTP API, behind its {@link Entrance}. */
final class Api {
    static final long MAX_BODY = 4L * 1024 * 1024;
    private static final int MOST_LOG = 256 * 1024;
    private static final Duration LONGEST_HOLD = Duration.ofSeconds(60);

    private final AgentConfig config;
    private final OpenCodeProcess agent;
    private final Runs runs;
    private final LogBook log;
    private final Commands commands;
    private final FileApi files;
    private final WorkspaceApi workspace;

    Api(
            AgentConfig config,
            OpenCodeProcess agent,
            Runs runs,
            LogBook log,
            Commands commands,
            FileApi files,
            WorkspaceApi workspace) {
        this.config = config;
        this.agent = agent;
        this.runs = runs;
        this.log = log;
        this.commands = commands;
        this.files = files;
        this.workspace = workspace;
    }

    Router router(Vertx vertx) {
        var router = Router.router(vertx);
        router.get("/health").handler(this::health);
        router.put("/tasks/:taskId")
                .handler(BodyHandler.create(false).setBodyLimit(MAX_BODY))
                .handler(context -> blocking(context, this::put));
        router.put("/commands/:id")
                .handler(BodyHandler.create(false).setBodyLimit(MAX_BODY))
                .handler(context -> blocking(context, this::execute));
        router.get("/tasks/:taskId/progress").handler(context -> blocking(context, this::progress));
        router.get("/log").handler(context -> blocking(context, this::log));
        router.delete("/tasks/:taskId").handler(context -> blocking(context, this::cancel));
        router.put("/integrations").handler(context -> blocking(context, this::applied));
        router.get("/tools").handler(context -> blocking(context, this::tools));
        router.get("/mcp").handler(context -> blocking(context, this::mcp));
        files.add(router);
        workspace.add(router);
        return router;
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

    /** The integrations that the {@link Entrance} took. */
    private void applied(RoutingContext context) {
        answer(context, 200, Map.of("applied", runs.renewAgent()));
    }

    private void execute(RoutingContext context) {
        try {
            var request = Json.read(String.valueOf(context.body().asString()), AgentCommand.Request.class);
            commands.put(String.valueOf(context.pathParam("id")), request, hold(context))
                    .ifPresentOrElse(
                            result -> answer(context, 200, result),
                            () -> answer(context, 202, Map.of("status", "running")));
        } catch (UncheckedIOException e) {
            error(context, 400, "malformed_json", "The body isn't a command.");
        }
    }

    private void progress(RoutingContext context) {
        long after = Long.parseLong(
                Optional.ofNullable(context.request().getParam("after")).orElse("0"));
        runs.progress(taskId(context), after, hold(context))
                .ifPresentOrElse(
                        progress -> answer(context, 200, progress),
                        () -> error(
                                context, 404, "task_not_found", "This run isn't here, or was cut and not put again."));
    }

    /** Lines after the one of an id, one JSON object in each line; held until there is one, or the time is over. */
    private void log(RoutingContext context) {
        long after = Long.parseLong(
                Optional.ofNullable(context.request().getParam("after")).orElse("0"));
        log.await(after, hold(context));
        context.response()
                .putHeader("Content-Type", "application/x-ndjson")
                .end(String.join("\n", log.after(after, MOST_LOG)));
    }

    private static Duration hold(RoutingContext context) {
        var waitMs = Optional.ofNullable(context.request().getParam("waitMs")).orElse("0");
        return Duration.ofMillis(Math.clamp(Long.parseLong(waitMs), 0, LONGEST_HOLD.toMillis()));
    }

    private void cancel(RoutingContext context) {
        runs.cancel(taskId(context));
        context.response().setStatusCode(204).end();
    }

    private void tools(RoutingContext context) {
        var tools = new ArrayList<Map<String, String>>();
        agent.api().tools().forEach(tool -> {
            var name = tool.path("id").asText();
            if (Tools.isOffered(name)) {
                tools.add(Map.of(
                        "name", name, "description", tool.path("description").asText()));
            }
        });
        answer(context, 200, tools);
    }

    /**
     * Those of the integrations, and those that the present run brings along, as they were written: what {@code ${NAME}} stands for
     * isn't shown.
     */
    private void mcp(RoutingContext context) {
        var servers = new TreeMap<String, Map<String, Object>>();
        Stream.concat(
                        config.integrations().mcpServers().stream(),
                        runs.currentRequest().stream().flatMap(run -> BroughtTools.servers(run.options()).stream()))
                .forEach(server -> servers.put(
                        server.name(), Map.of("type", "http", "url", server.url(), "headers", server.headers())));
        answer(context, 200, Map.of("mcpServers", servers));
    }

    private static String taskId(RoutingContext context) {
        var id = String.valueOf(context.pathParam("taskId"));
        if (!TaskId.isValid(id)) {
            throw new IllegalArgumentException("not a task id: " + id);
        }
        return id;
    }

    /** Something that answers, and may wait. */
    interface Handler {
        void handle(RoutingContext context) throws IOException;
    }

    /** On a virtual thread, so that it may wait. */
    static void blocking(RoutingContext context, Handler handler) {
        Thread.ofVirtual().start(() -> {
            try {
                handler.handle(context);
            } catch (Refused refused) {
                error(context, refused);
            } catch (FileSystemException e) {
                error(context, WorkspaceFiles.refused(e));
            } catch (IllegalArgumentException e) {
                error(context, 400, "bad_request", String.valueOf(e.getMessage()));
            } catch (IOException | RuntimeException e) {
                Log.warn("%s: %s", context.normalizedPath(), e);
                error(context, 500, "internal_error", "The agent server failed; it was logged.");
            }
        });
    }

    /** On a virtual thread; what goes wrong is thrown as it was. */
    static <T> T await(Future<T> future) throws IOException {
        try {
            return future.toCompletionStage().toCompletableFuture().join();
        } catch (CompletionException e) {
            switch (e.getCause()) {
                case IOException io -> throw io;
                case io.vertx.core.file.FileSystemException file
                when file.getCause() instanceof IOException io -> throw io;
                case RuntimeException other -> throw other;
                case null, default -> throw e;
            }
        }
    }

    static void error(RoutingContext context, Refused refused) {
        error(context, refused.status(), refused.code(), String.valueOf(refused.getMessage()));
    }

    static void error(RoutingContext context, int status, String code, String detail) {
        if (context.response().headWritten()) {
            context.response().reset();
            return;
        }
        if (!context.request().isEnded()) {
            // The rest of the body is of no interest, and may be long.
            context.response().putHeader("Connection", "close");
            context.request().resume();
        }
        context.response().putHeader(AgentAccess.PROBLEM_HEADER, code);
        answer(context, status, Map.of("code", code, "error", detail));
    }

    static void answer(RoutingContext context, int status, Object body) {
        if (!context.response().ended() && !context.response().closed()) {
            context.response()
                    .setStatusCode(status)
                    .putHeader("Content-Type", "application/json")
                    .end(Json.text(body));
        }
    }
}
