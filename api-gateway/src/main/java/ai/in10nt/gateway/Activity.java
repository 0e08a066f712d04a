package ai.in10nt.gateway;

import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jboss.logging.Logger;

/** Notes that somebody uses an instance past Kafka: commands, files, ports. At most once in ten seconds for each. */
@ApplicationScoped
class Activity {
    private static final Logger LOG = Logger.getLogger(Activity.class);
    private static final Duration AGAIN = Duration.ofSeconds(10);
    private static final int MANY = 10_000;

    private final Pool pool;
    private final Map<String, Long> noted = new ConcurrentHashMap<>();

    Activity(Pool pool) {
        this.pool = pool;
    }

    /** Doesn't wait: a request is worth more than its note. */
    void used(String instanceId) {
        long now = System.nanoTime();
        var before = noted.get(instanceId);
        if (before != null && now - before < AGAIN.toNanos()) {
            return;
        }
        if (noted.size() > MANY) {
            noted.values().removeIf(at -> now - at > AGAIN.toNanos());
        }
        noted.put(instanceId, now);
        pool.preparedQuery("insert into activity (instance_id, at) values ($1, now())"
                        + " on conflict (instance_id) do update set at = excluded.at")
                .execute(Tuple.of(instanceId))
                .subscribe()
                .with(
                        _ -> {},
                        failure -> LOG.infof("%s was used, which isn't noted: %s", instanceId, failure.getMessage()));
    }
}
