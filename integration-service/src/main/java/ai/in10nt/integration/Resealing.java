package ai.in10nt.integration;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.relay.Journal;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.mutiny.Uni;
import io.vertx.core.buffer.Buffer;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Duration;
import java.util.ArrayList;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * While the wrapping key is rotated: seals anew what an older one wraps, so that nothing needs that one any more. Nobody sees a
 * difference. The metric {@code integration.reseal.left} says how many rows are left; at 0 the older keys can go.
 */
@ApplicationScoped
class Resealing {
    private static final Logger LOG = Logger.getLogger(Resealing.class);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int AT_ONCE = 200;
    /** Shared by all transactions that seal; who has it alone knows that none is under way. */
    private static final long LOCK = 0x5ea1;

    /** What is wrapped by a key that is nowhere any more, as after a copy of the database was restored, is nobody's business. */
    private static final String BY_ANOTHER_KEY =
            " where data_key is not null and (wrapping_key is null or wrapping_key = any($1))";

    private final Pool pool;
    private final Vault vault;
    private volatile boolean running;
    /** Not a number while it isn't known: a rotation must not take that for done. */
    private volatile double left = Double.NaN;

    private volatile long countedFor;

    Resealing(Pool pool, Vault vault, MeterRegistry metrics) {
        this.pool = pool;
        this.vault = vault;
        metrics.gauge("integration.reseal.left", this, Resealing::left);
        metrics.gauge("keyset.integration.primary", vault, Vault::openingKey);
        metrics.gauge("keyset.wrapping.primary", vault, Vault::wrappingKey);
        metrics.gauge("keyset.wrapping.keys", vault, Vault::wrappingKeys);
    }

    void start(@Observes StartupEvent event) {
        running = true;
        Thread.ofVirtual().name("resealing").start(this::reseal);
    }

    void stop(@Observes ShutdownEvent event) {
        running = false;
    }

    /** To be called before the key is chosen: this transaction seals. */
    static Uni<Void> announce(Journal journal) {
        return journal.session()
                .createNativeQuery(
                        "select 1 from (select pg_advisory_xact_lock_shared(" + LOCK + ")) locked", Integer.class)
                .getSingleResult()
                .replaceWithVoid();
    }

    private double left() {
        return countedFor == vault.wrappingKey() ? left : Double.NaN;
    }

    private void reseal() {
        while (running) {
            try {
                long key = vault.wrappingKey();
                // With one key there is nothing to do, once that is known.
                if (countedFor != key || left != 0 || vault.wrappingKeys() > 1) {
                    while (running && resealSome() > 0) {
                        LOG.debug("values are sealed anew");
                    }
                    var counted = count();
                    left = counted == null ? Double.NaN : counted;
                    countedFor = key;
                }
            } catch (RuntimeException e) {
                LOG.warnf("values can't be sealed anew now: %s", e);
            }
            try {
                TimeUnit.SECONDS.sleep(1);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /**
     * Absent while a transaction seals that may have chosen its key before this replica had this one: its row can't be seen yet. It
     * isn't waited for, because it may wait for others itself.
     */
    private @Nullable Long count() {
        return pool.withTransaction(connection -> connection
                        .query("select pg_try_advisory_xact_lock(" + LOCK + ")")
                        .execute()
                        .flatMap(locked -> locked.iterator().next().getBoolean(0)
                                ? connection
                                        .preparedQuery("select count(*) from integration" + BY_ANOTHER_KEY)
                                        .execute(older())
                                        .map(rows -> rows.iterator().next().getLong(0))
                                : Uni.createFrom().<Long>nullItem()))
                .await()
                .atMost(PATIENCE);
    }

    /** How many there were; what is being changed is sealed by the new key anyway, or found the next time. */
    private int resealSome() {
        return pool.withTransaction(connection -> connection
                        .preparedQuery("select instance_id, tenant, data_key, sealed, wrapping_key from integration"
                                + BY_ANOTHER_KEY + " limit " + AT_ONCE + " for update skip locked")
                        .execute(older())
                        .flatMap(rows -> {
                            var changes = new ArrayList<Tuple>();
                            rows.forEach(row -> changes.add(resealed(row)));
                            if (changes.isEmpty()) {
                                return Uni.createFrom().item(0);
                            }
                            return connection
                                    .preparedQuery("update integration set data_key = $2, sealed = $3, wrapping_key"
                                            + " = $4 where instance_id = $1")
                                    .executeBatch(changes)
                                    .replaceWith(changes.size());
                        }))
                .await()
                .atMost(PATIENCE);
    }

    private Tuple older() {
        return Tuple.of(vault.olderWrappingKeys().toArray(Long[]::new));
    }

    private Tuple resealed(Row row) {
        var instance = new InstanceId(row.getString("instance_id"));
        var tenant = row.getString("tenant");
        var old = new Vault.Sealed(
                row.getBuffer("data_key").getBytes(), row.getBuffer("sealed").getBytes(), row.getLong("wrapping_key"));
        var sealed = vault.seal(tenant, instance, vault.open(tenant, instance, old));
        return Tuple.of(
                instance.value(), Buffer.buffer(sealed.dataKey()), Buffer.buffer(sealed.text()), sealed.wrappingKey());
    }
}
