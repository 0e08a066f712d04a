package ai.in10nt.gateway;

import ai.in10nt.gateway.EventLog.Position;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import io.vertx.ext.web.Router;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Optional;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import org.jboss.logging.Logger;

/** {@code GET /events}: every event of the caller's tenant as it comes, CloudEvents in their JSON form. */
@ApplicationScoped
class EventRoutes {
    private static final Logger LOG = Logger.getLogger(EventRoutes.class);
    private static final Duration HEARTBEAT = Duration.ofSeconds(15);
    private static final Duration LOOK = Duration.ofMillis(250);
    /** For how long a reader may take nothing. */
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private static final Pattern ID = Pattern.compile("(\\d{1,18})-(\\d{1,18})");
    private static final int PAGE = 100;
    private static final int MOST_READERS = 512;

    private final Access access;
    private final EventLog events;
    private final AtomicInteger readers = new AtomicInteger();

    EventRoutes(Access access, EventLog events) {
        this.access = access;
        this.events = events;
    }

    void add(@Observes Router router) {
        router.get("/events").order(FileRoutes.FIRST).handler(context -> {
            var request = context.request();
            Streams.requestId(request);
            access.byKey(request)
                    .onSuccess(key -> Thread.ofVirtual().start(() -> answer(request, key.tenant())))
                    .onFailure(failure -> Streams.refuse(request, failure));
        });
    }

    private void answer(HttpServerRequest request, String tenant) {
        try {
            if (readers.incrementAndGet() > MOST_READERS) {
                throw Problem.unavailable("try_again", "This gateway has " + MOST_READERS + " readers of events.");
            }
            follow(request, tenant, position(request, tenant));
        } catch (CompletionException | ExecutionException gone) {
            LOG.debugf("a reader left: %s", gone.getMessage());
        } catch (InterruptedException e) {
            cut(request);
        } catch (RuntimeException e) {
            Streams.refuse(request, e);
        } finally {
            readers.decrementAndGet();
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

    private void follow(HttpServerRequest request, String tenant, Position from)
            throws InterruptedException, ExecutionException {
        var response = request.response();
        response.setChunked(true)
                .putHeader("Content-Type", "text/event-stream")
                .putHeader("Cache-Control", "no-cache")
                .putHeader(
                        "X-Stream-Retention-Seconds",
                        String.valueOf(events.keep().toSeconds()));
        boolean isTaken = write(request, ": follows\n\n");
        var position = from;
        long heard = System.nanoTime();
        while (isTaken && !response.closed()) {
            var page = events.after(tenant, position, PAGE);
            for (var event : page) {
                // What was written may still be taken; what follows it is for the next time.
                if (isTaken) {
                    isTaken = write(request, "id: " + event.position().text() + "\ndata: " + event.body() + "\n\n");
                    position = event.position();
                    heard = System.nanoTime();
                }
            }
            if (isTaken && System.nanoTime() - heard > HEARTBEAT.toNanos()) {
                isTaken = write(request, ": heartbeat\n\n");
                heard = System.nanoTime();
            }
            if (page.isEmpty()) {
                events.await(tenant, LOOK);
            }
        }
        if (!response.closed()) {
            LOG.infof("a reader of events takes nothing, it is closed behind %s", position.text());
            if (!write(request, "event: overrun\ndata: {\"lastEventId\":\"" + position.text() + "\"}\n\n")) {
                cut(request);
            } else {
                response.end();
            }
        }
    }

    /** Waits until it is on its way, so that a slow reader holds up only this; whether it is within the reader's time. */
    private static boolean write(HttpServerRequest request, String text)
            throws InterruptedException, ExecutionException {
        try {
            request.response()
                    .write(text)
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException stuck) {
            return false;
        }
    }

    /** Vert.x would wait until all that was written is taken. */
    private static void cut(HttpServerRequest request) {
        if (request.connection() instanceof ConnectionBase connection) {
            var channel = connection.channel();
            channel.eventLoop()
                    .execute(() -> channel.unsafe().close(channel.unsafe().voidPromise()));
        }
    }
}
