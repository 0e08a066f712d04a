package ai.in10nt.log;

import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** A table for each day's lines: made two days ahead, dropped whole when all of it is older than is kept. */
@ApplicationScoped
class Days {
    private static final Logger LOG = Logger.getLogger(Days.class);
    private static final Duration EVERY = Duration.ofHours(1);
    private static final Duration AGAIN = Duration.ofSeconds(2);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final int AHEAD = 2;
    private static final String PREFIX = "chunk_";

    private final Pool pool;
    private final Duration keep;
    private final Clock clock;
    private volatile boolean running;

    Days(
            Pool pool,
            LogConfig config,
            @ConfigProperty(name = "retention.clock-ahead", defaultValue = "0s") Duration ahead) {
        this.pool = pool;
        this.keep = config.keep();
        this.clock = Clock.offset(Clock.systemUTC(), ahead);
    }

    /** Before anything can arrive. */
    void start(@Observes @Priority(1) StartupEvent event) {
        running = true;
        try {
            look(clock.instant());
        } catch (RuntimeException e) {
            LOG.warnf("the day's table: %s", e);
        }
        Thread.ofVirtual().name("days").start(this::loop);
    }

    void stop(@Observes ShutdownEvent event) {
        running = false;
    }

    /** As the tables have it. */
    Instant now() {
        return clock.instant();
    }

    private void loop() {
        var pause = AGAIN;
        while (running) {
            try {
                TimeUnit.MILLISECONDS.sleep(pause.toMillis());
                look(clock.instant());
                pause = EVERY;
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.warnf("the days' tables: %s", e);
                pause = AGAIN;
            }
        }
    }

    /** All replicas may at once: it is the same what they do. */
    void look(Instant now) {
        var today = LocalDate.ofInstant(now, ZoneOffset.UTC);
        // One day back: a day may begin while a poll is stored.
        for (var day = today.minusDays(1); !day.isAfter(today.plusDays(AHEAD)); day = day.plusDays(1)) {
            run(
                    "select pg_advisory_xact_lock(1); create table if not exists %s partition of chunk for values from ('%s 00:00+00') to ('%s 00:00+00')"
                            .formatted(table(day), day, day.plusDays(1)));
        }
        var oldest = LocalDate.ofInstant(now.minus(keep), ZoneOffset.UTC);
        pool.preparedQuery("select inhrelid::regclass::text as name from pg_inherits"
                        + " where inhparent = 'chunk'::regclass and inhrelid::regclass::text < $1")
                .execute(Tuple.of(table(oldest)))
                .await()
                .atMost(PATIENCE)
                .forEach(row -> {
                    run("drop table if exists " + row.getString("name"));
                    LOG.infof("%s is old enough to be forgotten", row.getString("name"));
                });
    }

    private static String table(LocalDate day) {
        return PREFIX + day.toString().replace("-", "");
    }

    private void run(String sql) {
        pool.query(sql).execute().await().atMost(PATIENCE);
    }
}
