package ai.in10nt.integration;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.IntegrationData;
import ai.in10nt.relay.Blocking;
import ai.in10nt.relay.Journal;
import ai.in10nt.relay.Reconciler.Due;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.hibernate.reactive.mutiny.Mutiny;
import org.jspecify.annotations.Nullable;

/** What the reconciler reads and writes; called on virtual threads, blocks them. */
@ApplicationScoped
class IntegrationStore {
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    private final Mutiny.SessionFactory sessions;
    private final Pool pool;
    private final Integrations integrations;
    private final Vault vault;

    IntegrationStore(Mutiny.SessionFactory sessions, Pool pool, Integrations integrations, Vault vault) {
        this.sessions = sessions;
        this.pool = pool;
        this.integrations = integrations;
        this.vault = vault;
    }

    /**
     * Integrations as read.
     *
     * @param values by the names of their variables
     * @param envRevision of what the agent is to have
     */
    record Read(
            InstanceId instance,
            IntegrationData data,
            Map<String, String> values,
            long envRevision,
            @Nullable InstanceMirror machine) {
        @Override
        public String toString() {
            return "Read[" + instance + "]";
        }
    }

    /** @param prefix of their ids, to tell two kinds of steps apart */
    List<Due> due(String column, String prefix, List<Integer> partitions) {
        var rows = pool.preparedQuery("select instance_id, version from integration where partition = any($1) and "
                        + column + " order by changed_at limit 1000")
                .execute(Tuple.of(partitions.toArray(Integer[]::new)))
                .await()
                .atMost(PATIENCE);
        var due = new ArrayList<Due>();
        rows.forEach(row -> due.add(new Due(prefix + row.getString(0), row.getLong(1))));
        return due;
    }

    Optional<Read> find(String instance) {
        return Optional.ofNullable(await(sessions.withSession(session -> session.find(IntegrationRow.class, instance)
                .flatMap(row -> row == null
                        ? Uni.createFrom().<Read>nullItem()
                        : session.find(InstanceMirror.class, instance).map(mirror -> read(row, mirror))))));
    }

    private Read read(IntegrationRow row, @Nullable InstanceMirror mirror) {
        var instance = new InstanceId(row.instanceId);
        return new Read(instance, row.data(), vault.open(row.tenant, instance, row.values()), row.envRevision, mirror);
    }

    /** What a change needs: both as they are now. */
    private interface Change {
        void make(Journal journal, IntegrationRow row, @Nullable InstanceMirror machine);
    }

    private void write(Read read, Change change) {
        var id = read.instance().value();
        // In the order in which commands lock them.
        await(Journal.transaction(
                sessions,
                journal -> journal.session()
                        .find(InstanceMirror.class, id, LockModeType.PESSIMISTIC_WRITE)
                        .flatMap(machine -> Integrations.row(journal, id)
                                .invoke(row -> row.ifPresent(current -> change.make(journal, current, machine))))));
    }

    /** Those of another boot, or older ones, stay due. */
    void given(Read read, int generation) {
        write(read, (journal, row, machine) -> {
            if (machine != null && machine.generation == generation) {
                integrations.given(journal, row, read.envRevision(), generation, now());
            }
        });
    }

    /** Where nobody is there to be given them; the next boot makes them due again. */
    void notDue(Read read) {
        write(read, (_, row, machine) -> row.deliver = machine != null && machine.isUp());
    }

    /** Unless others, or other values, were set meanwhile. */
    void verified(Read read, Map<String, IntegrationData.Integration> said) {
        write(read, (journal, row, _) -> {
            if (row.envRevision == read.envRevision() && row.verify) {
                integrations.verified(journal, row, said, now());
            }
        });
    }

    private Instant now() {
        return integrations.now();
    }

    /** Those that were set for an instance that never came. */
    List<String> ofNoInstance(Instant before) {
        var rows = pool.preparedQuery("select instance_id from integration i where changed_at < $1"
                        + " and not exists (select 1 from instance_mirror m where m.id = i.instance_id) limit 100")
                .execute(Tuple.of(before.atOffset(ZoneOffset.UTC)))
                .await()
                .atMost(PATIENCE);
        var ids = new ArrayList<String>();
        rows.forEach(row -> ids.add(row.getString(0)));
        return ids;
    }

    void forget(String instance) {
        await(Journal.transaction(
                sessions,
                journal -> Integrations.row(journal, instance)
                        .flatMap(row -> row.isEmpty()
                                ? Uni.createFrom().voidItem()
                                : integrations.forget(journal, row.get()))));
    }

    private static <T> @Nullable T await(Uni<T> uni) {
        return Blocking.await(uni, PATIENCE);
    }
}
