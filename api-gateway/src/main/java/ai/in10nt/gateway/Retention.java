package ai.in10nt.gateway;

import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** Forgets what the gateway has kept long enough: once an hour, each time by the one replica that takes the job's row. */
@ApplicationScoped
class Retention {
    private static final Logger LOG = Logger.getLogger(Retention.class);
    private static final Duration EVERY = Duration.ofHours(1);
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** Longer than the most {@code autoStopMinutes}. */
    private static final Duration ACTIVITY = Duration.ofDays(31);

    private final Pool pool;
    private final Clock clock;
    private final Duration idempotency;
    private final Duration requests;
    private final Duration events;

    /**
     * All that is kept for a time.
     *
     * @param idempotency how long a request with an Idempotency-Key is answered as the first one was
     * @param requests how long answered commands are known: longer than they are on their topic
     * @param events how long they are given to readers of {@code /events}
     * @param ahead how far this clock goes ahead of the system's: for tests
     */
    Retention(
            Pool pool,
            @ConfigProperty(name = "retention.idempotency", defaultValue = "24h") Duration idempotency,
            @ConfigProperty(name = "retention.requests", defaultValue = "8d") Duration requests,
            @ConfigProperty(name = "retention.events", defaultValue = "7d") Duration events,
            @ConfigProperty(name = "retention.clock-ahead", defaultValue = "0s") Duration ahead) {
        this.pool = pool;
        this.clock = Clock.offset(Clock.systemUTC(), ahead);
        this.idempotency = idempotency;
        this.requests = requests;
        this.events = events;
    }

    /** An answer that was made then isn't one any more. */
    Instant idempotencyEnd() {
        return clock.instant().minus(idempotency);
    }

    /** Does what is due, if that is this replica's. */
    void look() {
        var now = clock.instant();
        if (isMine(now)) {
            forget("idempotency", "created_at", now.minus(idempotency));
            forget("request", "answered_at", now.minus(requests));
            forget("event", "at", now.minus(events));
            forget("activity", "at", now.minus(ACTIVITY));
        }
    }

    /** Who writes the row first has the job for this hour; a time yet to come was written by a clock that was wrong. */
    private boolean isMine(Instant now) {
        return pool.preparedQuery("insert into job (name, ran_at) values ('retention', $1) on conflict (name) do update"
                                + " set ran_at = excluded.ran_at where job.ran_at not between $2 and excluded.ran_at")
                        .execute(Tuple.of(
                                now.atOffset(ZoneOffset.UTC), now.minus(EVERY).atOffset(ZoneOffset.UTC)))
                        .await()
                        .atMost(PATIENCE)
                        .rowCount()
                == 1;
    }

    private void forget(String table, String column, Instant before) {
        int all = 0;
        int some;
        do {
            some = pool.preparedQuery("delete from " + table + " where ctid = any(array(select ctid from " + table
                            + " where " + column + " < $1 limit 1000))")
                    .execute(Tuple.of(before.atOffset(ZoneOffset.UTC)))
                    .await()
                    .atMost(PATIENCE)
                    .rowCount();
            all += some;
        } while (some > 0);
        if (all > 0) {
            LOG.infof("%s: %d were old enough to be forgotten", table, all);
        }
    }
}
