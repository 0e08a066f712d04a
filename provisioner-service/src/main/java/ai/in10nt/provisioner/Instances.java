package ai.in10nt.provisioner;

import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.InstanceCommand;
import ai.in10nt.contracts.InstanceEvent;
import ai.in10nt.contracts.IntegrationEvent;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Reply;
import ai.in10nt.contracts.Topic;
import ai.in10nt.provisioner.Instance.Decision;
import ai.in10nt.relay.Blocking;
import ai.in10nt.relay.Journal;
import ai.in10nt.relay.Reconciler;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.hibernate.reactive.mutiny.Mutiny;
import org.jspecify.annotations.Nullable;

/** The instances at rest, and the transactions that change one: row, event, outbox and answer together. */
@ApplicationScoped
class Instances {
    private static final String SOURCE = "/provisioner-service";
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    /** An instance as read, with the version that a write on top of it must still find. */
    record Read(Instance instance, long version) {}

    private final Mutiny.SessionFactory sessions;
    private final Pool pool;
    private final Clock clock = Clock.systemUTC();

    Instances(Mutiny.SessionFactory sessions, Pool pool) {
        this.sessions = sessions;
        this.pool = pool;
    }

    Instant now() {
        return clock.instant();
    }

    /** Decides a command in the caller's transaction, once. */
    Uni<Void> decide(Journal journal, Message message, int partition) {
        var command = InstanceCommand.from(message);
        return journal.isAnswered(message)
                ? Uni.createFrom().voidItem()
                : journal.session()
                        .find(InstanceRow.class, command.instanceId().value(), LockModeType.PESSIMISTIC_WRITE)
                        .flatMap(row -> decideOnce(journal, row, message, command, partition));
    }

    private Uni<Void> decideOnce(
            Journal journal, @Nullable InstanceRow row, Message message, InstanceCommand command, int partition) {
        var current = row == null ? null : row.instance();
        return isNameFree(journal.session(), current, message.tenant(), command)
                .flatMap(isFree -> decided(
                        journal,
                        row,
                        message,
                        partition,
                        isFree
                                ? Instance.decide(current, command, message.tenant(), message.trace(), now())
                                : Instance.nameTaken(((InstanceCommand.Create) command).name())));
    }

    /** Two that ask for one name at once are decided one after the other, by a lock that ends with the transaction. */
    private static Uni<Boolean> isNameFree(
            Mutiny.Session session, @Nullable Instance current, String tenant, InstanceCommand command) {
        if (current != null
                || !(command instanceof InstanceCommand.Create create)
                || !Boolean.TRUE.equals(create.uniqueName())) {
            return Uni.createFrom().item(true);
        }
        return session.flush()
                .chain(() -> session.createNativeQuery(
                                "select 1 from (select pg_advisory_xact_lock(hashtextextended(:key, 0))) locked",
                                Integer.class)
                        .setParameter("key", tenant + "\n" + create.name())
                        .getResultList())
                .chain(() -> session.createNativeQuery(
                                "select count(*) from instance where tenant = :tenant and name = :name"
                                        + " and status <> 'destroyed'",
                                Long.class)
                        .setParameter("tenant", tenant)
                        .setParameter("name", create.name())
                        .getSingleResult())
                .map(count -> count == 0);
    }

    private Uni<Void> decided(
            Journal journal, @Nullable InstanceRow row, Message message, int partition, Decision decision) {
        var now = now();
        switch (decision) {
            case Decision.Accepted(var type, var next) -> {
                var event = event(type, next, message.id(), now);
                journal.event(Topic.INSTANCE_EVENTS, partition, event);
                journal.answer(message, event.type());
                return write(journal.session(), row, next, now);
            }
            case Decision.Unchanged(var same) ->
                journal.reply(
                        message,
                        "instance.unchanged",
                        SOURCE,
                        Reply.unchanged(named(message), same.data()),
                        partition,
                        now);
            case Decision.Refused(var problem) ->
                journal.reply(
                        message, "instance.refused", SOURCE, Reply.refused(named(message), problem), partition, now);
        }
        return Uni.createFrom().voidItem();
    }

    /** The names of an instance's integrations are told with it, and the next boot knows whether to wait for their values. */
    Uni<Void> follow(Journal journal, Message message, int partition) {
        var event = Json.read(message.data(), IntegrationEvent.class);
        var id = event.integrations().instanceId().value();
        return journal.session()
                .find(InstanceRow.class, id, LockModeType.PESSIMISTIC_WRITE)
                .invoke(row -> {
                    var now = now();
                    Optional.ofNullable(row)
                            .flatMap(known -> known.instance()
                                    .integrated(event.integrations().names(), event.revision(), now))
                            .ifPresent(next -> {
                                if (next.revision() != row.instance().revision()) {
                                    journal.event(
                                            Topic.INSTANCE_EVENTS,
                                            partition,
                                            event(InstanceEvent.Type.UPDATED, next, null, now));
                                }
                                row.set(next, now);
                            });
                })
                .replaceWithVoid();
    }

    private static Reply.Command named(Message message) {
        return new Reply.Command(message.id(), message.type());
    }

    private static Uni<Void> write(Mutiny.Session session, @Nullable InstanceRow row, Instance next, Instant now) {
        if (row == null) {
            return session.persist(InstanceRow.of(next, now));
        }
        row.set(next, now);
        return Uni.createFrom().voidItem();
    }

    private static Message event(InstanceEvent.Type type, Instance instance, @Nullable String causation, Instant now) {
        return new Message(
                Ids.event(),
                type.text(),
                SOURCE,
                instance.data().instanceId().value(),
                now,
                instance.tenant(),
                instance.revision(),
                causation,
                instance.trace(),
                Json.bytes(new InstanceEvent(instance.revision(), instance.data())));
    }

    // What follows is for the reconciler: called on virtual threads, blocks them.

    List<Reconciler.Due> due(List<Integer> partitions) {
        var rows = pool.preparedQuery(
                        "(select id, version from instance where partition = any($1) and due_at <= now()"
                                + " order by due_at limit 5000) union all"
                                + " (select id, version from instance where partition = any($1) and expires_at <= now()"
                                + " and status not in ('destroying', 'destroyed') and (due_at is null or due_at > now()) limit 1000)")
                .execute(Tuple.of(partitions.toArray(Integer[]::new)))
                .await()
                .atMost(PATIENCE);
        var due = new ArrayList<Reconciler.Due>();
        rows.forEach(row -> due.add(new Reconciler.Due(row.getString(0), row.getLong(1))));
        return due;
    }

    Optional<Read> find(String id) {
        return Optional.ofNullable(await(sessions.withSession(session -> session.find(InstanceRow.class, id)
                .map(row -> row == null ? null : new Read(row.instance(), row.version)))));
    }

    /**
     * Writes what a step came to, if the row still is as the step read it.
     *
     * @param event absent: nothing that the world sees has changed
     * @return false: something else happened meanwhile, and what the step came to is void
     */
    boolean commit(Read before, Instance after, Optional<InstanceEvent.Type> event) {
        return Boolean.TRUE.equals(
                await(Journal.transaction(sessions, journal -> commit(journal, before, after, event))));
    }

    private Uni<Boolean> commit(Journal journal, Read before, Instance after, Optional<InstanceEvent.Type> event) {
        var id = after.data().instanceId();
        var now = now();
        return journal.session()
                .find(InstanceRow.class, id.value(), LockModeType.PESSIMISTIC_WRITE)
                .map(row -> {
                    if (row == null || row.version != before.version()) {
                        return false;
                    }
                    row.set(after, now);
                    event.ifPresent(type ->
                            journal.event(Topic.INSTANCE_EVENTS, Topic.partitionOf(id), event(type, after, null, now)));
                    return true;
                });
    }

    /** Some of those that are destroyed since then or longer. */
    List<String> destroyedBefore(Instant time) {
        var rows = pool.preparedQuery("select id from instance where destroyed_at < $1 limit 100")
                .execute(Tuple.of(time.atOffset(ZoneOffset.UTC)))
                .await()
                .atMost(PATIENCE);
        var ids = new ArrayList<String>();
        rows.forEach(row -> ids.add(row.getString(0)));
        return ids;
    }

    /** The row goes, and a tombstone with it. */
    void forget(String id) {
        await(Journal.transaction(
                sessions,
                journal -> journal.session()
                        .find(InstanceRow.class, id, LockModeType.PESSIMISTIC_WRITE)
                        .flatMap(row -> {
                            if (row == null) {
                                return Uni.createFrom().voidItem();
                            }
                            var tombstone = Message.tombstone(Ids.event(), "instance", SOURCE, id, now(), row.tenant);
                            journal.send(Topic.INSTANCE_EVENTS, row.partition, tombstone);
                            return journal.session().remove(row);
                        })));
    }

    /** Makes those healthy ones due whose machine isn't among the running. */
    int suspect(List<String> runningMachines) {
        return pool.preparedQuery("update instance set due_at = now() where status = 'healthy' and due_at is null"
                        + " and not (machine_id = any($1))")
                .execute(Tuple.of(runningMachines.toArray(String[]::new)))
                .await()
                .atMost(PATIENCE)
                .rowCount();
    }

    /** What these instances have at Fly, by our rows; those that were never here are absent. */
    Map<String, Sweep.Owned> owned(Set<String> ids) {
        var rows = pool.preparedQuery(
                        "select id, status, machine_id, state::jsonb->>'volumeId' from instance where id = any($1)")
                .execute(Tuple.of(ids.toArray(String[]::new)))
                .await()
                .atMost(PATIENCE);
        var owned = new HashMap<String, Sweep.Owned>();
        rows.forEach(row -> owned.put(
                row.getString(0),
                new Sweep.Owned(row.getString(1).equals("destroyed"), row.getString(2), row.getString(3))));
        return owned;
    }

    /** Makes those due that want no running machine, of these that have one. */
    int unwanted(List<String> instancesThatRun) {
        return pool.preparedQuery("update instance set due_at = now() where id = any($1)"
                        + " and status in ('stopped', 'failed') and due_at is null")
                .execute(Tuple.of(instancesThatRun.toArray(String[]::new)))
                .await()
                .atMost(PATIENCE)
                .rowCount();
    }

    boolean isCurrent(Read read) {
        var rows = pool.preparedQuery("select 1 from instance where id = $1 and version = $2")
                .execute(Tuple.of(read.instance().data().instanceId().value(), read.version()))
                .await()
                .atMost(PATIENCE);
        return rows.size() == 1;
    }

    /** The suspicion was wrong, or what was wrong is mended. */
    void clear(Read read) {
        pool.preparedQuery("update instance set due_at = null where id = $1 and version = $2")
                .execute(Tuple.of(read.instance().data().instanceId().value(), read.version()))
                .await()
                .atMost(PATIENCE);
    }

    private static <T> @Nullable T await(Uni<T> uni) {
        return Blocking.await(uni, PATIENCE);
    }
}
