package ai.in10nt.task;

import ai.in10nt.relay.RetentionRule;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** What agents told while they worked: kept in their own numbering, so that what is stored twice is stored once. */
@ApplicationScoped
class RunEvents implements RetentionRule {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** One event of a run; the number counts from 1. */
    record RunEvent(long number, Instant at, String data) {}

    private final Pool pool;
    private final Duration keep;
    private final Map<String, Long> known = new ConcurrentHashMap<>();
    private final Map<String, Set<Semaphore>> followers = new ConcurrentHashMap<>();

    RunEvents(Pool pool, @ConfigProperty(name = "retention.task-events", defaultValue = "7d") Duration keep) {
        this.pool = pool;
        this.keep = keep;
    }

    Duration keep() {
        return keep;
    }

    /** The last one that this replica knows; another may know a later one, and what is stored once more is stored once. */
    long lastKnown(String taskId) {
        return known.computeIfAbsent(taskId, this::last);
    }

    /** The number of the last one; 0 where there is none. */
    long last(String taskId) {
        return query("select coalesce(max(number), 0) from task_event where task_id = $1", Tuple.of(taskId))
                .iterator()
                .next()
                .getLong(0);
    }

    /** Those that follow the one of a number; nothing is added to a task that is over. */
    void add(String taskId, long after, List<String> events) {
        if (events.isEmpty()) {
            return;
        }
        query("""
                with open as (select id from task where id = $1 and status = 'running' for update)
                insert into task_event (task_id, number, data)
                select open.id, $2 + told.place, told.data
                from open, unnest($3::text[]) with ordinality as told (data, place)
                on conflict do nothing
                """, Tuple.of(taskId, after, events.toArray(String[]::new)));
        known.put(taskId, after + events.size());
        wake(taskId);
    }

    void ended(String taskId) {
        known.remove(taskId);
        wake(taskId);
    }

    private void wake(String taskId) {
        followers.getOrDefault(taskId, Set.of()).forEach(Semaphore::release);
    }

    List<RunEvent> after(String taskId, long number, int limit) {
        var events = new ArrayList<RunEvent>();
        query(
                        "select number, at, data from task_event where task_id = $1 and number > $2 order by number limit $3",
                        Tuple.of(taskId, number, limit))
                .forEach(row -> {
                    OffsetDateTime at = row.getOffsetDateTime("at");
                    events.add(new RunEvent(row.getLong("number"), at.toInstant(), row.getString("data")));
                });
        return events;
    }

    /** Until this replica adds something to the task, or the time is over: another replica may have. */
    void await(String taskId, Duration atMost) throws InterruptedException {
        var signal = new Semaphore(0);
        followers.computeIfAbsent(taskId, _ -> ConcurrentHashMap.newKeySet()).add(signal);
        try {
            var _ = signal.tryAcquire(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } finally {
            followers.computeIfPresent(taskId, (_, signals) -> {
                signals.remove(signal);
                return signals.isEmpty() ? null : signals;
            });
        }
    }

    @Override
    public String name() {
        return "task-events";
    }

    @Override
    public int forgetSome(Instant now) {
        return query("""
                        delete from task_event where ctid = any(array(select e.ctid from task_event e
                            join task t on t.id = e.task_id
                            where e.at < $1 and t.status not in ('queued', 'running') limit 1000))
                        """, Tuple.of(now.minus(keep).atOffset(ZoneOffset.UTC))).rowCount();
    }

    private RowSet<Row> query(String sql, Tuple values) {
        return pool.preparedQuery(sql).execute(values).await().atMost(PATIENCE);
    }
}
