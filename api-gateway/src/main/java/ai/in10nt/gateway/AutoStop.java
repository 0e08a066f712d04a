package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceCommand;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.Topic;
import ai.in10nt.contracts.Trace;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;

/**
 * Stops instances that nobody has used for their {@code autoStopMinutes}: no run, and no request to their inside. Every replica looks;
 * the command's id follows from the last use, so that it is one command.
 */
@ApplicationScoped
class AutoStop {
    private static final Logger LOG = Logger.getLogger(AutoStop.class);
    private static final Duration EVERY = Duration.ofSeconds(10);

    private final Pool pool;
    private final Commands commands;
    private volatile boolean running;

    AutoStop(Pool pool, Commands commands) {
        this.pool = pool;
        this.commands = commands;
    }

    void start(@Observes StartupEvent event) {
        running = true;
        Thread.ofVirtual().name("auto-stop").start(this::loop);
    }

    void stop(@Observes ShutdownEvent event) {
        running = false;
    }

    private void loop() {
        while (running) {
            try {
                TimeUnit.MILLISECONDS.sleep(EVERY.toMillis());
                if (!commands.isKafkaAway()) {
                    idle().forEach(this::stop);
                }
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                LOG.infof("idle instances run on a little: %s", e.getMessage());
            }
        }
    }

    private Iterable<Row> idle() {
        return pool.query("""
                        select id, tenant, generation, used from (
                            select r.id, r.tenant, r.body ->> 'generation' as generation,
                                (r.body ->> 'autoStopMinutes')::int * interval '1 minute' as idle,
                                greatest((r.body ->> 'updatedAt')::timestamptz, a.at,
                                    (select max((t.body ->> 'completedAt')::timestamptz) from resource t
                                     where t.instance_id = r.id and t.kind = 'task')) as used
                            from resource r left join activity a on a.instance_id = r.id
                            where r.kind = 'instance' and r.status = 'healthy'
                                and (r.body ->> 'autoStopMinutes') is not null
                                and not exists (select 1 from resource t where t.instance_id = r.id
                                    and t.kind = 'task' and t.status = 'processing')) candidate
                        where used + idle < now() limit 1000
                        """).execute().await().atMost(View.PATIENCE);
    }

    private void stop(Row row) {
        var id = new InstanceId(row.getString("id"));
        var used = row.getOffsetDateTime("used").toInstant();
        var ids = RequestIds.derived("auto-stop\n" + id + "\n" + row.getString("generation"), used);
        var command = new InstanceCommand.Stop(id);
        var tenant = row.getString("tenant");
        commands.accept(
                tenant,
                Trace.of(null, ids.command().replace("cmd_", "req_")),
                Topic.INSTANCE_COMMANDS,
                InstanceCommand.typeOf(command),
                id.value(),
                id,
                command,
                ids,
                null);
        LOG.infof("%s was used last at %s: it is stopped", id, used);
    }
}
