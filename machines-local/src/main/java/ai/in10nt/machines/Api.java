package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Fly's paths. Each handler runs on a virtual thread and answers JSON, or Fly's refusal. */
final class Api {
    private final Apps apps;
    private final Machines machines;
    private final Volumes volumes;
    private final byte[] token;

    Api(Apps apps, Machines machines, Volumes volumes, String token) {
        this.apps = apps;
        this.machines = machines;
        this.volumes = volumes;
        this.token = token.getBytes(StandardCharsets.UTF_8);
    }

    private record Answer(int status, @Nullable Object body) {
        static Answer ok(Object body) {
            return new Answer(200, body);
        }
    }

    Router router(Vertx vertx) {
        var router = Router.router(vertx);
        router.get("/health").handler(context -> context.response().end("{\"status\":\"healthy\"}"));
        router.route("/v1/*").handler(this::authenticate);
        router.route("/v1/*").handler(BodyHandler.create(false).setBodyLimit(4L * 1024 * 1024));
        router.post("/v1/apps").handler(on(context -> new Answer(201, apps.create(body(context)))));
        router.get("/v1/apps").handler(on(this::listApps));
        router.get("/v1/apps/:app").handler(on(context -> Answer.ok(apps.get(app(context)))));
        router.get("/v1/platform/regions").handler(on(context -> Answer.ok(Regions.answer())));
        var all = "/v1/apps/:app/machines";
        router.get(all).handler(on(this::list));
        router.post(all).handler(on(context -> Answer.ok(machines.create(app(context), body(context)))));
        var one = all + "/:id";
        router.get(one).handler(on(context -> Answer.ok(machines.get(app(context), id(context)))));
        router.post(one).handler(on(context -> Answer.ok(machines.update(app(context), id(context), body(context)))));
        router.delete(one).handler(on(this::destroy));
        router.post(one + "/start").handler(on(this::start));
        router.post(one + "/stop").handler(on(this::stop));
        router.post(one + "/signal").handler(on(this::signal));
        router.post(one + "/exec").handler(on(this::exec));
        router.get(one + "/wait").handler(on(this::await));
        router.get(one + "/events")
                .handler(on(context ->
                        Answer.ok(machines.get(app(context), id(context)).events())));
        router.get(one + "/metadata")
                .handler(on(context ->
                        Answer.ok(machines.get(app(context), id(context)).metadata())));
        router.post(one + "/metadata/:key").handler(on(this::setMetadata));
        router.delete(one + "/metadata/:key").handler(on(this::removeMetadata));
        router.get("/v1/apps/:app/volumes").handler(on(context -> Answer.ok(volumes.list(app(context)))));
        router.post("/v1/apps/:app/volumes")
                .handler(on(context -> Answer.ok(volumes.create(app(context), body(context)))));
        router.get("/v1/apps/:app/volumes/:id")
                .handler(on(context -> Answer.ok(volumes.get(app(context), id(context)))));
        router.delete("/v1/apps/:app/volumes/:id")
                .handler(on(context -> Answer.ok(volumes.destroy(app(context), id(context)))));
        return router;
    }

    private void authenticate(RoutingContext context) {
        var given = String.valueOf(context.request().getHeader("Authorization"))
                .replaceFirst("^(Bearer|FlyV1)\\s+", "")
                .getBytes(StandardCharsets.UTF_8);
        if (MessageDigest.isEqual(given, token)) {
            context.next();
        } else {
            send(context, new Answer(401, Map.of("error", "Authenticate: token validation error")));
        }
    }

    private static io.vertx.core.Handler<RoutingContext> on(Function<RoutingContext, Answer> handler) {
        return context -> Thread.ofVirtual().start(() -> send(context, answer(context, handler)));
    }

    private static Answer answer(RoutingContext context, Function<RoutingContext, Answer> handler) {
        try {
            return handler.apply(context);
        } catch (FlyError e) {
            var body = new LinkedHashMap<String, Object>();
            body.put("error", String.valueOf(e.getMessage()));
            if (e.code() != null) {
                body.put("status", e.code());
            }
            return new Answer(e.status(), body);
        } catch (UncheckedIOException e) {
            return new Answer(400, Map.of("error", "invalid_argument: the body isn't valid JSON"));
        } catch (RuntimeException e) {
            System.err.println(context.request().method() + " " + context.normalizedPath() + ": " + e);
            return new Answer(500, Map.of("error", "internal: the request failed; it was logged"));
        }
    }

    private static void send(RoutingContext context, Answer answer) {
        var response =
                context.response().setStatusCode(answer.status()).putHeader("fly-request-id", Tokens.ulid() + "-local");
        if (answer.body() == null) {
            response.end();
        } else {
            response.putHeader("Content-Type", "application/json; charset=utf-8")
                    .end(Json.text(answer.body()));
        }
    }

    private Answer listApps(RoutingContext context) {
        var list = apps.list(String.valueOf(context.request().getParam("org_slug")));
        return Answer.ok(Map.of("total_apps", list.size(), "apps", list));
    }

    /** Filters: {@code state}, {@code region}, {@code metadata.KEY=VALUE} (all must hold), {@code include_deleted}. */
    private Answer list(RoutingContext context) {
        Stream<Machine> found = machines.list(app(context)).stream();
        var query = context.queryParams();
        if (!"true".equals(query.get("include_deleted"))) {
            found = found.filter(machine -> !machine.is("destroyed"));
        }
        for (var filter : query) {
            var value = filter.getValue();
            if (filter.getKey().startsWith("metadata.")) {
                var key = filter.getKey().substring("metadata.".length());
                found = found.filter(machine -> value.equals(machine.metadata().get(key)));
            } else if (filter.getKey().equals("state")) {
                found = found.filter(
                        machine -> Arrays.asList(value.split(",", -1)).contains(machine.state()));
            } else if (filter.getKey().equals("region")) {
                found = found.filter(machine -> machine.region().equals(value));
            }
        }
        return Answer.ok(found.toList());
    }

    private Answer destroy(RoutingContext context) {
        boolean isForced = "true".equals(context.request().getParam("force"))
                || "true".equals(context.request().getParam("kill"));
        machines.destroy(app(context), id(context), isForced);
        return Answer.ok(Map.of("ok", true));
    }

    private Answer start(RoutingContext context) {
        var previous = machines.start(app(context), id(context));
        return Answer.ok(Map.of("previous_state", previous, "migrated", false, "new_host", ""));
    }

    private Answer stop(RoutingContext context) {
        machines.stop(app(context), id(context), body(context));
        return Answer.ok(Map.of("ok", true));
    }

    private Answer signal(RoutingContext context) {
        machines.signal(app(context), id(context), body(context).path("signal").asText("SIGINT"));
        return Answer.ok(Map.of("ok", true));
    }

    private Answer exec(RoutingContext context) {
        var body = body(context);
        var command = new ArrayList<String>();
        body.path("command").forEach(argument -> command.add(argument.asText()));
        if (command.isEmpty() && body.path("cmd").isTextual()) {
            command.addAll(List.of("sh", "-c", body.path("cmd").asText()));
        }
        if (command.isEmpty()) {
            throw FlyError.invalid("command is required");
        }
        var timeout = Duration.ofSeconds(Math.clamp(body.path("timeout").asInt(30), 1, 60));
        var result = machines.exec(app(context), id(context), command, timeout);
        return Answer.ok(Map.of("exit_code", result.exitCode(), "stdout", result.stdout(), "stderr", result.stderr()));
    }

    private Answer await(RoutingContext context) {
        var states = context.queryParam("state").stream()
                .flatMap(value -> Arrays.stream(value.split(",", -1)))
                .toList();
        var wanted = (states.isEmpty() ? List.of("started") : states).toArray(String[]::new);
        int seconds = Integer.parseInt(Optional.ofNullable(context.request().getParam("timeout"))
                .orElse("60")
                .replace("s", ""));
        if (seconds < 1 || seconds > 60) {
            throw FlyError.invalid("timeout: value must be inside range [1s, 1m0s]");
        }
        machines.get(app(context), id(context));
        var reached = Host.await(
                Duration.ofSeconds(seconds),
                () -> machines.get(app(context), id(context)).is(wanted));
        var machine = machines.get(app(context), id(context));
        if (reached.isEmpty()) {
            throw FlyError.of(
                    408,
                    "deadline_exceeded: machine failed to reach desired state, " + String.join(",", wanted)
                            + ", currently " + machine.state());
        }
        return Answer.ok(Map.of("ok", true, "state", machine.state(), "version", machine.version()));
    }

    private Answer setMetadata(RoutingContext context) {
        machines.setMetadata(
                app(context),
                id(context),
                Map.of(
                        String.valueOf(context.pathParam("key")),
                        body(context).path("value").asText()));
        return new Answer(204, null);
    }

    private Answer removeMetadata(RoutingContext context) {
        machines.setMetadata(app(context), id(context), Map.of(String.valueOf(context.pathParam("key")), ""));
        return new Answer(204, null);
    }

    private String app(RoutingContext context) {
        var name = String.valueOf(context.pathParam("app"));
        apps.get(name);
        return name;
    }

    private static String id(RoutingContext context) {
        return String.valueOf(context.pathParam("id"));
    }

    private static JsonNode body(RoutingContext context) {
        var text = context.body().asString();
        if (text == null || text.isBlank()) {
            return Json.MAPPER.createObjectNode();
        }
        return Json.read(text, ObjectNode.class);
    }
}
