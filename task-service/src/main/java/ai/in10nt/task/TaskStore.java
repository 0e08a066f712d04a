package ai.in10nt.task;

import ai.in10nt.contracts.Topic;
import ai.in10nt.relay.Blocking;
import ai.in10nt.relay.Journal;
import ai.in10nt.relay.Reconciler;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.hibernate.reactive.mutiny.Mutiny;
import org.jspecify.annotations.Nullable;

/** What the runner reads and writes; called on virtual threads, blocks them. */
@ApplicationScoped
class TaskStore {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** A task and its instance as read, with the version that a write on top of it must still find. */
    record Read(Task task, long version, InstanceMirror instance) {}

    private final Mutiny.SessionFactory sessions;
    private final Pool pool;
    private final Tasks tasks;

    TaskStore(Mutiny.SessionFactory sessions, Pool pool, Tasks tasks) {
        this.sessions = sessions;
        this.pool = pool;
        this.tasks = tasks;
    }

    /** The first unfinished task of each instance, where it can be brought on now. */
    List<Reconciler.Due> due(List<Integer> partitions) {
        // From each instance's first to the next instance's first by the index: long queues cost nothing.
        return rows("""
                select head.id, head.version from unnest($1::int[]) as owned (number), lateral (
                    with recursive first as (
                        (select t.id, t.version, t.instance_id, t.status, t.created_at, t.timeout_ms from task t
                         where t.partition = owned.number and t.status in ('queued', 'running')
                         order by t.instance_id, t.queue_number limit 1)
                        union all
                        select following.* from first, lateral (
                            select t.id, t.version, t.instance_id, t.status, t.created_at, t.timeout_ms from task t
                            where t.partition = owned.number and t.status in ('queued', 'running')
                                and t.instance_id > first.instance_id
                            order by t.instance_id, t.queue_number limit 1) following)
                    select * from first) head
                where head.status = 'running' or exists (
                    select 1 from instance_mirror m where m.id = head.instance_id and (m.status = 'healthy'
                        or now() > greatest(head.created_at, m.since) + head.timeout_ms * interval '1 millisecond'))
                """, partitions);
    }

    /** Instances with commands that have waited too long for an event. */
    List<Reconciler.Due> overdue(List<Integer> partitions) {
        return rows(
                "select distinct instance_id, 0::bigint from parked where partition = any($1) and deadline < now()",
                partitions);
    }

    private List<Reconciler.Due> rows(String sql, List<Integer> partitions) {
        var rows = pool.preparedQuery(sql)
                .execute(Tuple.of(partitions.toArray(Integer[]::new)))
                .await()
                .atMost(PATIENCE);
        var due = new ArrayList<Reconciler.Due>();
        rows.forEach(row -> due.add(new Reconciler.Due(row.getString(0), row.getLong(1))));
        return due;
    }

    Optional<Read> find(String id) {
        return Optional.ofNullable(await(sessions.withSession(session -> session.find(TaskRow.class, id)
                .flatMap(row -> row == null
                        ? Uni.createFrom().<Read>nullItem()
                        : session.find(InstanceMirror.class, row.instanceId)
                                .map(instance -> new Read(row.task(), row.version, instance))))));
    }

    /** Writes a step's outcome with an event, unless something else happened to the task meanwhile: then false. */
    boolean commit(Read before, Task after) {
        return Boolean.TRUE.equals(await(Journal.transaction(
                sessions,
                journal -> journal.session()
                        .find(TaskRow.class, after.data().taskId().value(), LockModeType.PESSIMISTIC_WRITE)
                        .map(row -> row != null && row.version == before.version() && write(journal, row, after)))));
    }

    private boolean write(Journal journal, TaskRow row, Task after) {
        boolean isEvent = row.revision != after.revision();
        row.set(after);
        if (isEvent) {
            journal.event(Topic.TASK_EVENTS, row.partition, Tasks.event(after, null, tasks.now()));
        }
        return true;
    }

    void decideOverdue(String instance) {
        await(Journal.transaction(sessions, journal -> tasks.unparkOverdue(journal, instance)));
    }

    Uni<Optional<Task>> task(String id) {
        return sessions.withSession(session -> session.find(TaskRow.class, id)
                .map(row -> Optional.ofNullable(row).map(TaskRow::task)));
    }

    private static <T> @Nullable T await(Uni<T> uni) {
        return Blocking.await(uni, PATIENCE);
    }
}
