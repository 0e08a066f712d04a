package ai.in10nt.task;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.relay.Reconciler.Due;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.WebApplicationException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.rest.client.inject.RestClient;
import org.jboss.logging.Logger;

/** Tells agents that a task they work on was cancelled. Without it they'd go on until the next task comes. */
@ApplicationScoped
class Aborts {
    private static final Logger LOG = Logger.getLogger(Aborts.class);
    private static final Duration PATIENCE = Duration.ofSeconds(5);
    private static final Duration SOON = Duration.ofSeconds(1);
    private static final String PREFIX = "abort ";

    private final Pool pool;
    private final AgentServer agent;
    private final AgentAccess access;

    Aborts(Pool pool, @RestClient AgentServer agent, AgentAccess access) {
        this.pool = pool;
        this.agent = agent;
        this.access = access;
    }

    static boolean isOne(String id) {
        return id.startsWith(PREFIX);
    }

    List<Due> due(List<Integer> partitions) {
        var due = new ArrayList<Due>();
        query("select task_id from abort where partition = any($1)", Tuple.of(partitions.toArray(Integer[]::new)))
                .forEach(row -> due.add(new Due(PREFIX + row.getString(0), 0)));
        return due;
    }

    Optional<Duration> step(String id) {
        var taskId = id.substring(PREFIX.length());
        var rows = query("""
                select a.instance_id, a.generation, m.agent_url, clock_timestamp() - a.at < interval '3 seconds' as young
                from abort a
                left join instance_mirror m on m.id = a.instance_id and m.generation = a.generation
                    and m.status in ('healthy', 'unhealthy')
                where a.task_id = $1
                """, Tuple.of(taskId));
        if (rows.size() == 0) {
            return Optional.empty();
        }
        var row = rows.iterator().next();
        var url = row.getString("agent_url");
        // Another boot doesn't know of the task until it is given it, and it won't be.
        if (url != null && !tell(taskId, row, url)) {
            return Optional.of(SOON);
        }
        if (row.getBoolean("young")) {
            // A step that began before may give it to the agent just now.
            return Optional.of(SOON);
        }
        query("delete from abort where task_id = $1", Tuple.of(taskId));
        return Optional.empty();
    }

    private boolean tell(String taskId, Row row, String url) {
        var token = access.token(new InstanceId(row.getString("instance_id")), row.getInteger("generation"));
        try {
            agent.cancel(url, "Bearer " + token, taskId);
            return true;
        } catch (WebApplicationException e) {
            // It booted anew just now: the run is over there.
            return e.getResponse().getStatus() == 401;
        } catch (ProcessingException e) {
            LOG.infof("%s can't be told yet that %s was cancelled: %s", url, taskId, e.getMessage());
            return false;
        }
    }

    private RowSet<Row> query(String sql, Tuple values) {
        return pool.preparedQuery(sql).execute(values).await().atMost(PATIENCE);
    }
}
