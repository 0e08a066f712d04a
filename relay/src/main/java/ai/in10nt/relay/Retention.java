package ai.in10nt.relay;

import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.arc.All;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** Forgets what has been kept long enough: once an hour, each time by the one replica that takes the job's row. */
@ApplicationScoped
class Retention {
    private static final Logger LOG = Logger.getLogger(Retention.class);
    private static final Duration LOOK = Duration.ofSeconds(10);
    private static final Duration EVERY = Duration.ofHours(1);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** The journal's own rows, by the column {@code at}. */
    private record Rows(Pool pool, String name, Duration keep) implements RetentionRule {
        @Override
        public int forgetSome(Instant now) {
            return pool.preparedQuery("delete from " + name + " where ctid = any(array(select ctid from " + name
                            + " where at < $1 limit 1000))")
                    .execute(Tuple.of(now.minus(keep).atOffset(ZoneOffset.UTC)))
                    .await()
                    .atMost(PATIENCE)
                    .rowCount();
        }
    }

    private final Pool pool;
    private final List<RetentionRule> rules;
    private final MeterRegistry metrics;
    private final Clock clock;
    private volatile boolean running;

    /**
     * All that is kept for a time.
     *
     * @param events how long published events are kept as an audit trail; unpublished ones are in the outbox
     * @param answers how long a command's answer is known: longer than commands are on their topic, and than the gateway repeats them
     * @param ahead how far the clock of retention goes ahead of the system's: for tests
     */
    Retention(
            Pool pool,
            @All List<RetentionRule> others,
            MeterRegistry metrics,
            @ConfigProperty(name = "retention.events", defaultValue = "90d") Duration events,
            @ConfigProperty(name = "retention.answers", defaultValue = "30d") Duration answers,
            @ConfigProperty(name = "retention.clock-ahead", defaultValue = "0s") Duration ahead) {
        this.pool = pool;
        this.rules = Stream.concat(
                        Stream.of(new Rows(pool, "event", events), new Rows(pool, "answer", answers)), others.stream())
                .toList();
        this.metrics = metrics;
        this.clock = Clock.offset(Clock.systemUTC(), ahead);
    }

    void start(@Observes StartupEvent event) {
        running = true;
        Thread.ofVirtual().name("retention").start(this::loop);
    }

    void stop(@Observes ShutdownEvent event) {
        running = false;
    }

    private void loop() {
        while (running) {
            try {
                TimeUnit.MILLISECONDS.sleep(LOOK.toMillis());
                for (var rule : rules) {
                    var now = clock.instant();
                    if (running && isMine(rule, now)) {
                        apply(rule, now);
                    }
                }
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.warnf("what is old is kept a little longer: %s", e);
            }
        }
    }

    /** Who writes the row first has the job for this hour; a time yet to come was written by a clock that was wrong. */
    private boolean isMine(RetentionRule rule, Instant now) {
        return pool.preparedQuery("insert into job (name, ran_at) values ($1, $2) on conflict (name) do update"
                                + " set ran_at = excluded.ran_at where job.ran_at not between $3 and excluded.ran_at")
                        .execute(Tuple.of(
                                rule.name(),
                                now.atOffset(ZoneOffset.UTC),
                                now.minus(EVERY).atOffset(ZoneOffset.UTC)))
                        .await()
                        .atMost(PATIENCE)
                        .rowCount()
                == 1;
    }

    private void apply(RetentionRule rule, Instant now) {
        int forgotten = 0;
        for (int some = rule.forgetSome(now); running && some > 0; some = rule.forgetSome(now)) {
            forgotten += some;
        }
        metrics.counter("relay.retention.forgotten", "rule", rule.name()).increment(forgotten);
        if (forgotten > 0) {
            LOG.infof("%s: %d were old enough to be forgotten", rule.name(), forgotten);
        }
    }
}
