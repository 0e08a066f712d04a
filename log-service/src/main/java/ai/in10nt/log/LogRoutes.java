package ai.in10nt.log;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.Json;
import ai.in10nt.httpproxy.OpenStreams;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jboss.logging.Logger;

/** {@code GET /instances/{id}/logs} for the gateway, which knows whose instance it is: a stream, or what is stored. */
@ApplicationScoped
class LogRoutes {
    private static final Logger LOG = Logger.getLogger(LogRoutes.class);
    /** Tells the gateway where the next page begins. */
    private static final String NEXT = "In10nt-Next";

    private final LogStore store;
    private final Hubs hubs;
    private final LogConfig config;
    private final AgentAccess access;
    private final OpenStreams open = new OpenStreams();

    LogRoutes(LogStore store, Hubs hubs, LogConfig config, AgentAccess access) {
        this.store = store;
        this.hubs = hubs;
        this.config = config;
        this.access = access;
    }

    void add(@Observes Router router) {
        router.get("/instances/:id/logs").order(-1).handler(this::answer);
    }

    void stop(@Observes ShutdownDelayInitiatedEvent event) {
        open.stop();
    }

    private void answer(RoutingContext context) {
        try {
            if (!access.isService("log-service", context.request().getHeader("Authorization"))) {
                throw new Refused(401, "unauthorized", "This is for the gateway.");
            }
            var id = String.valueOf(context.pathParam("id"));
            var accept = String.valueOf(context.request().getHeader("Accept"));
            if (accept.contains("application/json") && !accept.contains("text/event-stream")) {
                history(context, id);
            } else {
                stream(context, id);
            }
        } catch (Refused refused) {
            refuse(context, refused);
        }
    }

    private void history(RoutingContext context, String id) {
        var asked = History.of(context.request());
        asked.read(store, id)
                .onSuccess(page -> {
                    asked.next(page).ifPresent(next -> context.response().putHeader(NEXT, next));
                    context.response()
                            .putHeader("Content-Type", "application/json")
                            .end("[" + String.join(",", page.lines()) + "]");
                })
                .onFailure(failure -> refuse(context, failure));
    }

    private void stream(RoutingContext context, String id) {
        if (hubs.areFull()) {
            throw new Refused(503, "too_many_readers", "This replica has as many readers as it can; try again soon.");
        }
        var cursor = Cursor.of(context.request());
        store.state(id)
                .compose(state -> cursor.position(store, id, state).map(position -> {
                    if (state.isEnded() && position >= state.lastId()) {
                        context.response().setStatusCode(204).end();
                    } else {
                        open(context.request(), id, position);
                    }
                    return null;
                }))
                .onFailure(failure -> refuse(context, failure));
    }

    private void open(HttpServerRequest request, String id, long position) {
        var response = request.response();
        if (response.closed()) {
            return;
        }
        response.setChunked(true)
                .putHeader("Content-Type", "text/event-stream")
                .putHeader("Cache-Control", "no-cache")
                .putHeader(
                        "X-Stream-Retention-Seconds",
                        String.valueOf(config.keep().toSeconds()));
        // The reader knows now that it is heard.
        response.write(": from " + position + "\n\n");
        var reader = new Reader(request.connection(), response, position);
        var leave = hubs.join(id, reader);
        open.add(request);
        var isLeft = new AtomicBoolean();
        Runnable once = () -> {
            if (isLeft.compareAndSet(false, true)) {
                open.remove(request);
                leave.run();
            }
        };
        response.endHandler(_ -> once.run());
        if (response.closed()) {
            // It left before there was anyone to tell.
            once.run();
        }
    }

    private static void refuse(RoutingContext context, Throwable failure) {
        var refused = failure instanceof Refused known
                ? known
                : new Refused(503, "log_service_unavailable", "The log can't be read now; try again soon.");
        if (refused != failure) {
            LOG.warnf("a log can't be read: %s", failure);
        }
        var response = context.response();
        if (response.headWritten() || response.closed()) {
            return;
        }
        response.setStatusCode(refused.status())
                .putHeader("Content-Type", "application/json")
                .putHeader(AgentAccess.PROBLEM_HEADER, refused.code())
                .end(Json.text(Map.of("code", refused.code(), "error", String.valueOf(refused.getMessage()))));
    }
}
