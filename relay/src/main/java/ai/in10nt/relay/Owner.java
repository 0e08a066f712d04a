package ai.in10nt.relay;

import ai.in10nt.relay.Reconciler.Due;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Default;
import jakarta.enterprise.inject.Instance;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Relays and reconciles the partitions that the consumer group gave to this process. A nudge, after a commit, makes it look at
 * once; without one it looks every second, which is what goes on after a crash.
 */
@ApplicationScoped
@Default
@Identifier("owner")
public class Owner implements KafkaConsumerRebalanceListener {
    private static final Logger LOG = Logger.getLogger(Owner.class);
    private static final Duration IDLE = Duration.ofSeconds(1);
    /** However many nudges come: what they ask for is found by one look. */
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(20);

    private static final Duration LONGEST_BACKOFF = Duration.ofSeconds(15);

    private final Relay relay;
    private final Reconciler reconciler;
    private final MeterRegistry metrics;
    private final AtomicInteger unsettled = new AtomicInteger();
    private final AtomicInteger waiting = new AtomicInteger();
    private final Set<Integer> owned = ConcurrentHashMap.newKeySet();
    private final Set<Integer> publishing = ConcurrentHashMap.newKeySet();
    private final Set<Integer> publishAgain = ConcurrentHashMap.newKeySet();
    private final Set<String> stepping = ConcurrentHashMap.newKeySet();
    private final Map<Due, Long> notBefore = new ConcurrentHashMap<>();
    private final Map<Due, Integer> failures = new ConcurrentHashMap<>();
    private final Semaphore nudges = new Semaphore(0);
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private volatile boolean running;

    /**
     * Looks after nothing yet.
     *
     * @param restarts how often the supervisor has started this process again
     */
    Owner(
            Relay relay,
            Instance<Reconciler> reconciler,
            MeterRegistry metrics,
            @ConfigProperty(name = "process.restarts", defaultValue = "0") Integer restarts) {
        this.relay = relay;
        this.reconciler = reconciler.get();
        this.metrics = metrics;
        metrics.gauge("relay.row.unsettled", unsettled);
        metrics.gauge("relay.outbox.waiting", waiting);
        metrics.gauge("relay.partition.owned", owned, Set::size);
        metrics.gauge("process.restarts", restarts);
    }

    void start(@Observes StartupEvent event) {
        running = true;
        threads.execute(this::loop);
    }

    void stop(@Observes ShutdownEvent event) {
        running = false;
        nudges.release();
        threads.shutdown();
    }

    @Override
    public void onPartitionsAssigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        partitions.forEach(partition -> owned.add(partition.partition()));
        nudges.release();
    }

    @Override
    public void onPartitionsRevoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        partitions.forEach(partition -> owned.remove(partition.partition()));
    }

    /** Something was committed on these partitions: publish it and see what it asks for. */
    public void nudge(Set<Integer> partitions) {
        partitions.forEach(this::publish);
        nudges.release();
    }

    private void loop() {
        while (running) {
            try {
                long began = System.nanoTime();
                look();
                var _ = nudges.tryAcquire(pause().toMillis(), TimeUnit.MILLISECONDS);
                TimeUnit.NANOSECONDS.sleep(BETWEEN_LOOKS.toNanos() - (System.nanoTime() - began));
                nudges.drainPermits();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            } catch (RuntimeException e) {
                LOG.warnf("looking for work: %s", e);
                pauseAfterTrouble();
            }
        }
    }

    private void look() {
        var partitions = List.copyOf(owned);
        if (partitions.isEmpty()) {
            unsettled.set(0);
            waiting.set(0);
            return;
        }
        var unpublished = relay.waiting(partitions);
        waiting.set(unpublished.size());
        unpublished.forEach(this::publish);
        var due = reconciler.due(partitions);
        unsettled.set(due.size());
        var present = Set.copyOf(due);
        notBefore.keySet().retainAll(present);
        failures.keySet().retainAll(present);
        long now = System.nanoTime();
        for (var row : due) {
            var earliest = notBefore.get(row);
            if ((earliest == null || earliest - now <= 0) && stepping.add(row.id())) {
                notBefore.remove(row);
                threads.execute(() -> step(row));
            }
        }
    }

    private Duration pause() {
        long now = System.nanoTime();
        long soonest =
                notBefore.values().stream().mapToLong(at -> at - now).min().orElse(IDLE.toNanos());
        return Duration.ofNanos(Math.clamp(soonest, 1_000_000, IDLE.toNanos()));
    }

    private void pauseAfterTrouble() {
        try {
            TimeUnit.MILLISECONDS.sleep(IDLE.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void step(Due row) {
        try {
            rest(row, reconciler.step(row.id()));
            failures.remove(row);
            metrics.counter("relay.step.taken", "outcome", "ok").increment();
        } catch (RuntimeException | Error e) {
            int count = failures.merge(row, 1, Integer::sum);
            metrics.counter("relay.step.taken", "outcome", "failed").increment();
            var pause = backoff(count);
            rest(row, Optional.of(pause));
            if (e instanceof Error) {
                LOG.errorf(e, "%s, failure %d, again in %s", row.id(), count, pause);
            } else {
                LOG.warnf("%s, failure %d, again in %s: %s", row.id(), count, pause, e);
            }
        } finally {
            LogContext.leave();
            stepping.remove(row.id());
            nudges.release();
        }
    }

    private void rest(Due row, Optional<Duration> pause) {
        pause.ifPresentOrElse(
                delay -> notBefore.put(row, System.nanoTime() + delay.toNanos()), () -> notBefore.remove(row));
    }

    private static Duration backoff(int failures) {
        var doubled = Duration.ofMillis(250L << Math.min(failures, 10));
        return doubled.compareTo(LONGEST_BACKOFF) > 0 ? LONGEST_BACKOFF : doubled;
    }

    private void publish(int partition) {
        if (!owned.contains(partition)) {
            return;
        }
        publishAgain.add(partition);
        if (publishing.add(partition)) {
            threads.execute(() -> publishAll(partition));
        }
    }

    private void publishAll(int partition) {
        try {
            while (publishAgain.remove(partition) && owned.contains(partition)) {
                relay.publish(partition);
            }
        } catch (RuntimeException e) {
            LOG.warnf("partition %d isn't published, again in %s: %s", partition, IDLE, e);
            publishAgain.remove(partition);
        } finally {
            publishing.remove(partition);
        }
        if (!owned.contains(partition)) {
            relay.forget(partition);
        } else if (publishAgain.contains(partition)) {
            publish(partition);
        }
    }
}
