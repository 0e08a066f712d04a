package ai.in10nt.agent;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.Json;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;

/**
 * Where requests come in: for the platform only, so each carries this generation's token. It is there before all else is, because
 * the agent may wait for its integrations; other requests wait until the API is made.
 */
final class Entrance {
    private final byte[] expected;
    private final Promise<Router> api = Promise.promise();
    private final Router router;
    private final Integrations integrations;

    Entrance(Vertx vertx, AgentConfig config) {
        this.expected = config.secrets().token().getBytes(StandardCharsets.UTF_8);
        this.integrations = config.integrations();
        this.router = Router.router(vertx);
        router.route().handler(this::authenticate);
        router.put("/integrations")
                .handler(BodyHandler.create(false).setBodyLimit(Api.MAX_BODY))
                .handler(this::take);
        router.route().handler(this::whenOpen);
    }

    void handle(HttpServerRequest request) {
        router.handle(request);
    }

    void open(Router router) {
        api.complete(router);
    }

    private void whenOpen(RoutingContext context) {
        var opened = api.future();
        if (opened.isComplete()) {
            opened.result().handleContext(context);
        } else {
            var here = context.vertx().getOrCreateContext();
            context.request().pause();
            opened.onSuccess(router -> here.runOnContext(_ -> {
                // First, so that whoever takes it may pause it again.
                context.request().resume();
                router.handleContext(context);
            }));
        }
    }

    private void authenticate(RoutingContext context) {
        var own = context.request().getHeader(AgentAccess.HEADER);
        var given = own != null
                ? own
                : String.valueOf(context.request().getHeader("Authorization")).replaceFirst("^Bearer ", "");
        if (MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), expected)) {
            context.next();
        } else {
            Api.error(context, 401, "unauthorized", "This token isn't of this instance's present generation.");
        }
    }

    /** Known at once; the API then says whether it is applied. */
    private void take(RoutingContext context) {
        try {
            var _ = integrations.put(Json.read(String.valueOf(context.body().asString()), Integrations.Given.class));
            context.next();
        } catch (UncheckedIOException e) {
            Api.error(context, 400, "malformed_json", "The body isn't what integrations give.");
        }
    }
}
