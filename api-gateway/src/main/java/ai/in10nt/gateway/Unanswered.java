package ai.in10nt.gateway;

import ai.in10nt.contracts.Json;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.common.annotation.Identifier;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.admin.Admin;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/** Commands that their owner hasn't answered: produced again until it has. */
@ApplicationScoped
class Unanswered {
    private static final Logger LOG = Logger.getLogger(Unanswered.class);
    /** In memory at once: each may have a megabyte. */
    private static final int AT_ONCE = 20;

    private static final int PROBE_MS = 2000;

    private final Pool pool;
    private final Map<String, Object> kafka;
    private final Commands commands;
    private final Retention retention;
    private final MeterRegistry metrics;
    private final AtomicLong unanswered = new AtomicLong();
    private volatile boolean running;

    /**
     * Repeats nothing yet.
     *
     * @param restarts how often the supervisor has started this process again
     */
    Unanswered(
            Pool pool,
            Commands commands,
            Retention retention,
            MeterRegistry metrics,
            @ConfigProperty(name = "process.restarts", defaultValue = "0") Integer restarts,
            @Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.kafka = kafka;
        this.pool = pool;
        this.commands = commands;
        this.retention = retention;
        this.metrics = metrics;
        metrics.gauge("gateway.command.unanswered", unanswered);
        metrics.gauge("process.restarts", restarts);
    }

    void start(@Observes StartupEvent event) {
        running = true;
        Thread.ofVirtual().name("unanswered").start(this::repeatUnanswered);
    }

    void stop(@Observes ShutdownEvent event) {
        running = false;
    }

    private void repeatUnanswered() {
        int rounds = 0;
        while (running) {
            try {
                TimeUnit.SECONDS.sleep(1);
                repeatOverdue();
                if (++rounds % 5 == 0) {
                    unanswered.set(countUnanswered());
                }
                if (rounds % 10 == 0) {
                    retention.look();
                }
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.warnf("unanswered commands wait: %s", e.getMessage());
            }
        }
    }

    /** In the order of their acceptance; those that Kafka didn't take are due again at once. */
    private void repeatOverdue() {
        while (running) {
            var rows = overdue();
            for (int i = 0; i < rows.size(); i++) {
                try {
                    repeat(rows.get(i));
                } catch (RuntimeException e) {
                    commands.kafkaIsAway(true);
                    putBack(rows.subList(i, rows.size()));
                    throw e;
                }
            }
            if (rows.size() < AT_ONCE) {
                // Where another replica has what waits, there is nothing here that shows it.
                if (commands.isKafkaAway() && (!rows.isEmpty() || kafkaAnswers())) {
                    commands.kafkaIsAway(false);
                }
                return;
            }
        }
    }

    private boolean kafkaAnswers() {
        var settings = new HashMap<>(kafka);
        settings.put("request.timeout.ms", PROBE_MS);
        settings.put("default.api.timeout.ms", PROBE_MS);
        try (var admin = Admin.create(settings)) {
            return !admin.describeCluster().nodes().get().isEmpty();
        } catch (ExecutionException away) {
            LOG.debugf("Kafka doesn't answer yet: %s", away.getMessage());
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    /** Takes those that nobody has produced for a while: after 5 s, then ever more rarely. Each goes to one replica. */
    private List<Row> overdue() {
        var rows = new ArrayList<Row>();
        pool.preparedQuery("update request set sent_at = now() where command_id in (select command_id from request"
                        + " where answered_at is null and (sent_at < now() - interval '5 seconds' or (sent_at = created_at and $1))"
                        + " and sent_at + least(sent_at - created_at, interval '1 minute') < now()"
                        + " order by created_at, command_id limit $2 for update skip locked) returning *")
                .execute(Tuple.of(commands.isKafkaAway(), AT_ONCE))
                .await()
                .atMost(View.PATIENCE)
                .forEach(rows::add);
        rows.sort(Comparator.comparing((Row row) -> row.getOffsetDateTime("created_at"))
                .thenComparing(row -> row.getString("command_id")));
        return rows;
    }

    private void putBack(List<Row> rows) {
        var ids = rows.stream().map(row -> row.getString("command_id")).toArray(String[]::new);
        pool.preparedQuery("update request set sent_at = created_at where command_id = any($1)")
                .execute(Tuple.of(ids))
                .await()
                .atMost(View.PATIENCE);
    }

    private long countUnanswered() {
        return pool.query("select count(*) from request where answered_at is null")
                .execute()
                .await()
                .atMost(View.PATIENCE)
                .iterator()
                .next()
                .getLong(0);
    }

    private void repeat(Row row) {
        commands.send(
                row.getString("topic"),
                row.getInteger("partition"),
                row.getString("subject"),
                Json.read(row.getString("headers"), Map.class),
                row.getBuffer("data").getBytes());
        metrics.counter("gateway.command.repeated").increment();
        LOG.infof("produced %s again", row.getString("command_id"));
    }
}
