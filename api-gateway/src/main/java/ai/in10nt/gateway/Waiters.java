package ai.in10nt.gateway;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jboss.logging.Logger;

/**
 * Requests that wait for the view to change. What this replica projects wakes them at once; what another one projects is found by
 * one query for all of them, twenty times a second, while any waits.
 */
@ApplicationScoped
class Waiters {
    private static final Logger LOG = Logger.getLogger(Waiters.class);
    private static final Duration EVERY = Duration.ofMillis(50);
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Pool pool;
    private final Map<String, Set<Semaphore>> waiting = new ConcurrentHashMap<>();
    private final Map<String, Long> seen = new ConcurrentHashMap<>();
    private final Semaphore came = new Semaphore(0);
    private volatile boolean running;

    Waiters(Pool pool) {
        this.pool = pool;
    }

    void start(@Observes StartupEvent event) {
        running = true;
        Thread.ofVirtual().name("waiters").start(this::poll);
    }

    void stop(@Observes ShutdownEvent event) {
        running = false;
        came.release();
        waiting.values().forEach(signals -> signals.forEach(Semaphore::release));
    }

    /** What the check finds, as soon as it finds it; empty when the deadline passes, or the gateway stops. */
    <T> Optional<T> until(String resource, Instant deadline, Supplier<Optional<T>> check) {
        var signal = new Semaphore(0);
        waiting.compute(resource, (_, signals) -> {
            var all = signals == null ? ConcurrentHashMap.<Semaphore>newKeySet() : signals;
            all.add(signal);
            return all;
        });
        came.release();
        try {
            while (true) {
                signal.drainPermits();
                var found = check.get();
                long left = Duration.between(Instant.now(), deadline).toMillis();
                if (found.isPresent() || left <= 0 || !running) {
                    return found;
                }
                var _ = signal.tryAcquire(left, TimeUnit.MILLISECONDS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } finally {
            waiting.computeIfPresent(resource, (_, signals) -> {
                signals.remove(signal);
                return signals.isEmpty() ? null : signals;
            });
        }
    }

    /** The view holds something new about it. */
    void wake(String resource) {
        waiting.getOrDefault(resource, Set.of()).forEach(Semaphore::release);
    }

    private void poll() {
        while (running) {
            try {
                if (waiting.isEmpty()) {
                    came.acquire();
                }
                came.drainPermits();
                TimeUnit.MILLISECONDS.sleep(EVERY.toMillis());
                look();
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.warnf("the view can't be watched: %s", e);
                pauseAfterTrouble();
            }
        }
    }

    private static void pauseAfterTrouble() {
        try {
            TimeUnit.SECONDS.sleep(1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void look() {
        seen.keySet().retainAll(waiting.keySet());
        pool.preparedQuery("select id, version from resource where id = any($1)")
                .execute(Tuple.of(waiting.keySet().toArray(String[]::new)))
                .await()
                .atMost(PATIENCE)
                .forEach(row -> {
                    Long version = row.getLong("version");
                    if (!version.equals(seen.put(row.getString("id"), version))) {
                        wake(row.getString("id"));
                    }
                });
    }
}
