package ai.in10nt.gateway;

import ai.in10nt.gateway.EventLog.Position;
import ai.in10nt.httpproxy.Connections;
import ai.in10nt.httpproxy.EventStream;
import ai.in10nt.httpproxy.OpenStreams;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;

/** {@code GET /events}: every event of the caller's tenant as it comes, CloudEvents in their JSON form. */
@ApplicationScoped
class EventRoutes {
    private static final Duration LOOK = Duration.ofMillis(250);
    /** For how long a reader may take nothing. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Pattern ID = Pattern.compile("(\\d{1,18})-(\\d{1,18})");
    private static final int PAGE = 100;
    private static final int MOST_READERS = 512;

    private final Access access;
    private final EventLog events;
    private final AtomicInteger readers = new AtomicInteger();
    private final OpenStreams open = new OpenStreams();

    EventRoutes(Access access, EventLog events) {
        this.access = access;
        this.events = events;
    }

    void add(@Observes Router router) {
        router.route("/events").order(FileRoutes.FIRST).handler(context -> {
            var request = context.request();
            if (!Streams.isRead(request)) {
                context.next();
                return;
            }
            Streams.requestId(request);
            access.byKey(request)
                    .onSuccess(key -> {
                        if (request.method().equals(HttpMethod.HEAD)) {
                            Streams.head(request);
                        } else {
                            Thread.ofVirtual().start(() -> answer(request, key.tenant()));
                        }
                    })
                    .onFailure(failure -> Streams.refuse(request, failure));
        });
    }

    void stop(@Observes ShutdownDelayInitiatedEvent event) {
        open.stop();
    }

    private void answer(HttpServerRequest request, String tenant) {
        open.add(request);
        try {
            if (readers.incrementAndGet() > MOST_READERS) {
                throw Problem.unavailable("try_again", "This gateway has " + MOST_READERS + " readers of events.");
            }
            follow(request, tenant, position(request, tenant));
        } catch (InterruptedException e) {
            Connections.cut(request.connection());
        } catch (RuntimeException e) {
            Streams.refuse(request, e);
        } finally {
            readers.decrementAndGet();
            open.remove(request);
        }
    }

    private Position position(HttpServerRequest request, String tenant) {
        var id = Optional.ofNullable(request.getHeader("Last-Event-ID"))
                .or(() -> Optional.ofNullable(request.getParam("lastEventId")));
        if (id.isPresent()) {
            return behind(tenant, id.get());
        }
        var from = Optional.ofNullable(request.getParam("from")).orElse("now");
        return switch (from) {
            case "now" -> events.now();
            case "start" -> Position.START;
            default -> events.before(tenant, time(from));
        };
    }

    private Position behind(String tenant, String id) {
        var match = ID.matcher(id);
        if (match.matches()) {
            var position = new Position(Long.parseLong(match.group(1)), Long.parseLong(match.group(2)));
            if (events.has(tenant, position)) {
                return position;
            }
            if (events.isBeforeAllKept(position)) {
                throw Problem.of(
                        410,
                        "stream_expired",
                        "Events after this one are kept no longer; from=start begins at the oldest.");
            }
        }
        throw Problem.of(400, "invalid_last_event_id", "Last-Event-ID: must be the id of an event of this stream.");
    }

    private static Instant time(String from) {
        try {
            return Instant.parse(from);
        } catch (DateTimeParseException e) {
            throw Problem.of(400, "invalid_from", "from: must be start, now or a time like 2026-01-31T12:00:00Z.");
        }
    }

    private void follow(HttpServerRequest request, String tenant, Position from) throws InterruptedException {
        var stream = EventStream.open(request, events.keep(), PATIENCE, from.text());
        try {
            var position = from;
            while (stream.isOpen()) {
                var page = events.after(tenant, position, PAGE);
                for (var event : page) {
                    if (stream.give(event.position().text(), event.body())) {
                        position = event.position();
                    }
                }
                stream.heartbeat();
                if (page.isEmpty()) {
                    events.await(tenant, LOOK);
                }
            }
        } catch (InterruptedException e) {
            stream.cut();
        }
    }
}
