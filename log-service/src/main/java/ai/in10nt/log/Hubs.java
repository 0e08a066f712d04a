package ai.in10nt.log;

import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.pubsub.PgSubscriber;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** The hubs of all instances that are read here. What another replica stores is told by PostgreSQL. */
@ApplicationScoped
class Hubs {
    private static final Logger LOG = Logger.getLogger(Hubs.class);
    private static final long LOOK_MS = 2000;
    private static final long RECONNECT_MS = 500;

    private final LogStore store;
    private final LogConfig config;
    private final Vertx vertx;
    private final PgSubscriber notices;
    private final Map<String, Counted> hubs = new ConcurrentHashMap<>();
    private final AtomicInteger readers = new AtomicInteger();

    private record Counted(Hub hub, int readers) {}

    Hubs(
            LogStore store,
            LogConfig config,
            Vertx vertx,
            MeterRegistry metrics,
            @ConfigProperty(name = "quarkus.datasource.reactive.url") String url,
            @ConfigProperty(name = "quarkus.datasource.username") String user,
            @ConfigProperty(name = "quarkus.datasource.password") String password) {
        this.store = store;
        this.config = config;
        this.vertx = vertx;
        this.notices = PgSubscriber.subscriber(
                vertx, PgConnectOptions.fromUri(url).setUser(user).setPassword(password));
        metrics.gauge("log.reader.open", readers);
    }

    void start(@Observes StartupEvent event) {
        notices.reconnectPolicy(_ -> RECONNECT_MS).channel(Arrived.CHANNEL).handler(this::wake);
        connect();
        vertx.setPeriodic(
                LOOK_MS, _ -> hubs.values().forEach(counted -> counted.hub().look()));
    }

    private void connect() {
        notices.connect().onFailure(failure -> {
            LOG.warnf("what other replicas store is found by looking: %s", failure);
            vertx.setTimer(LOOK_MS, _ -> connect());
        });
    }

    void stop(@Observes ShutdownEvent event) {
        var _ = notices.close();
    }

    /** Something was stored, here or elsewhere. */
    private void wake(String notice) {
        int space = notice.indexOf(' ');
        var counted = hubs.get(notice.substring(0, space));
        if (counted != null) {
            counted.hub().wake(Long.parseLong(notice, space + 1, notice.length(), 10));
        }
    }

    /** This was stored here. */
    void wake(Arrived.Stored stored) {
        var counted = hubs.get(stored.instanceId());
        if (counted != null) {
            counted.hub().wake(stored);
        }
    }

    boolean areFull() {
        return readers.get() >= config.mostReaders();
    }

    /** On the context of its first reader; the reader leaves by the returned action. */
    Runnable join(String instanceId, Reader reader) {
        readers.incrementAndGet();
        var context = Objects.requireNonNull(Vertx.currentContext());
        var joined = Objects.requireNonNull(hubs.compute(
                instanceId,
                (_, counted) -> counted == null
                        ? new Counted(new Hub(context, instanceId, store, config.patience()), 1)
                        : new Counted(counted.hub(), counted.readers() + 1)));
        joined.hub().join(reader);
        return () -> {
            readers.decrementAndGet();
            joined.hub().leave(reader);
            hubs.computeIfPresent(
                    instanceId,
                    (_, counted) -> counted.readers() == 1 ? null : new Counted(counted.hub(), counted.readers() - 1));
        };
    }
}
