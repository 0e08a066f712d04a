package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import ai.in10nt.machines.Faults.Kind;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Fly's HTTP: who may call, which faults a call meets, and how answers and refusals look. Handlers run on virtual threads. */
final class Api {
    /** Faults that refuse a request before anything is done. */
    private static final List<Kind> REFUSING = Arrays.stream(Kind.values())
            .filter(kind -> !List.of(
                            Kind.LOST_ANSWER,
                            Kind.EMPTY_LIST,
                            Kind.SLOW_IMAGE,
                            Kind.NEVER_READY,
                            Kind.DEAD_HOST,
                            Kind.ENFORCE_RATE_LIMITS)
                    .contains(kind))
            .toList();

    private final Apps apps;
    private final Access access;
    private final Faults faults;
    private final Driver driver;
    private final RateLimits limits = new RateLimits();

    Api(Apps apps, Access access, Faults faults, Driver driver) {
        this.apps = apps;
        this.access = access;
        this.faults = faults;
        this.driver = driver;
    }

    Router router(Vertx vertx, MachinesApi machines, VolumesApi volumes, AppsApi platform) {
        var router = Router.router(vertx);
        router.get("/health").handler(context -> context.response().end("{\"status\":\"healthy\"}"));
        router.route().handler(this::authenticate);
        router.route().handler(BodyHandler.create(false).setBodyLimit(4L * 1024 * 1024));
        router.get("/_faults").handler(on(call -> Answer.ok(faults.list())));
        router.post("/_faults").handler(on(this::addFault));
        router.delete("/_faults").handler(on(call -> removeFaults(null)));
        router.delete("/_faults/:id").handler(on(call -> removeFaults(call.id())));
        router.route("/v1/*").handler(this::meetFaults);
        machines.mount(router, this);
        volumes.mount(router, this);
        platform.mount(router, this);
        router.route()
                .handler(context -> context.response()
                        .setStatusCode(404)
                        .putHeader("Content-Type", "text/plain; charset=utf-8")
                        .end("404 page not found\n"));
        return router;
    }

    private void authenticate(RoutingContext context) {
        var scope = access.scope(context.request().getHeader("Authorization"));
        if (scope.isEmpty()) {
            send(context, new Answer(401, Map.of("error", "Authenticate: token validation error")));
            return;
        }
        var app = scope.get().app();
        var path = String.valueOf(context.request().path());
        boolean isInScope = app == null
                || path.equals("/v1/apps/" + app)
                || path.startsWith("/v1/apps/" + app + "/")
                || path.startsWith("/v1/platform/")
                || path.equals("/v1/tokens/current");
        if (isInScope) {
            context.next();
        } else {
            send(context, new Answer(403, Map.of("error", "unauthorized: the token is for app " + app)));
        }
    }

    private Answer addFault(Call call) {
        var fault = faults.add(call.body());
        if (fault.is(Kind.DEAD_HOST)) {
            driver.kill(String.valueOf(fault.machine()));
        }
        return new Answer(201, fault);
    }

    private Answer removeFaults(@Nullable String id) {
        faults.remove(id);
        return Answer.NOTHING;
    }

    private void meetFaults(RoutingContext context) {
        var path = String.valueOf(context.request().path());
        var method = context.request().method().name();
        try {
            if (faults.areLimitsEnforced(method, path)) {
                limits.check(method, path);
            }
            var machine = path.replaceFirst("^/v1/apps/[^/]+/machines/([^/]+).*", "$1");
            if (!method.equals("GET") && !method.equals("DELETE") && faults.isHostDead(machine)) {
                throw FlyError.of(408, "deadline_exceeded: the machine's host did not answer");
            }
            var met = faults.meet(REFUSING, method, path, region(context));
            if (met.isPresent()) {
                var retryAfter = met.get().retryAfter();
                if (retryAfter != null) {
                    context.response().putHeader("Retry-After", retryAfter.toString());
                }
                throw met.get().refusal();
            }
            faults.meet(List.of(Kind.LOST_ANSWER), method, path, null).ifPresent(fault -> context.put("lost", true));
        } catch (FlyError e) {
            send(context, refusal(e));
            return;
        }
        context.next();
    }

    private static @Nullable String region(RoutingContext context) {
        try {
            var body = context.body().asString();
            return body == null || body.isBlank()
                    ? null
                    : Json.read(body, com.fasterxml.jackson.databind.JsonNode.class)
                            .path("region")
                            .asText(null);
        } catch (UncheckedIOException notJson) {
            return null;
        }
    }

    Handler<RoutingContext> on(Function<Call, Answer> handler) {
        return context ->
                Thread.ofVirtual().start(() -> send(context, answer(new Call(context, apps), handler, Api::refusal)));
    }

    /** Leases have an envelope of their own. */
    Handler<RoutingContext> onLease(Function<Call, Answer> handler) {
        return context -> Thread.ofVirtual()
                .start(() -> send(context, answer(new Call(context, apps), handler, Api::leaseRefusal)));
    }

    private static Answer answer(Call call, Function<Call, Answer> handler, Function<FlyError, Answer> refusal) {
        try {
            return handler.apply(call);
        } catch (FlyError e) {
            return refusal.apply(e);
        } catch (UncheckedIOException e) {
            return new Answer(400, Map.of("error", "invalid_argument: the body isn't a JSON object"));
        } catch (RuntimeException e) {
            System.err.println(call.context().request().method() + " " + call.path() + ": " + e);
            return new Answer(500, Map.of("error", "internal: the request failed; it was logged"));
        }
    }

    private static Answer refusal(FlyError e) {
        var body = new LinkedHashMap<String, Object>();
        body.put("error", String.valueOf(e.getMessage()));
        if (e.code() != null) {
            body.put("status", e.code());
        }
        return new Answer(e.status(), body);
    }

    private static Answer leaseRefusal(FlyError e) {
        var code = switch (e.status()) {
            case 404 -> "not_found";
            case 409 -> "aborted";
            default -> "invalid_argument";
        };
        var text = String.valueOf(e.getMessage());
        // fly-go reads message, others error.
        return new Answer(e.status(), Map.of("status", "error", "code", code, "message", text, "error", text));
    }

    private static void send(RoutingContext context, Answer answer) {
        if (context.get("lost") != null) {
            context.request().connection().close();
            return;
        }
        var response =
                context.response().setStatusCode(answer.status()).putHeader("fly-request-id", Tokens.ulid() + "-local");
        if (answer.cursor() != null) {
            response.putHeader("fly-next-cursor", answer.cursor());
        }
        if (answer.body() == null) {
            response.end();
        } else {
            response.putHeader("Content-Type", "application/json; charset=utf-8")
                    .end(Json.text(answer.body()));
        }
    }
}
