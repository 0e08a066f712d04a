package ai.in10nt.gateway;

import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Topic;
import io.smallrye.common.annotation.Identifier;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlConnection;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.jboss.logging.Logger;

/**
 * Makes the view anew from all that the topics of events hold, while requests go on: what they tell is gathered beside it, and then
 * the view is made the same in one transaction. Only what the topics can't know stays as it is: what was accepted and isn't decided,
 * and runs that were refused.
 */
@ApplicationScoped
class ViewRebuild {
    private static final Logger LOG = Logger.getLogger(ViewRebuild.class);
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    /** While writers of the view wait; the database ends a transaction that is idle for three seconds. */
    private static final Duration LAST_RECORDS = Duration.ofSeconds(2);

    private static final String COLUMNS = "id, kind, tenant, instance_id, name, status, revision, body, created_at";

    private static final String IS_DIFFERENT =
            "(r.kind, r.tenant, r.instance_id, r.name, r.status, r.revision, r.body::text, r.created_at) is distinct from"
                    + " (n.kind, n.tenant, n.instance_id, n.name, n.status, n.revision, n.body::text, n.created_at)";

    /** A page of memory's worth at a time. */
    private static final Map<String, Object> CONSUMER = Map.of(
            "isolation.level",
            "read_committed",
            "enable.auto.commit",
            "false",
            "max.poll.records",
            "50",
            "fetch.max.bytes",
            4 * 1024 * 1024,
            "default.api.timeout.ms",
            10_000);

    private final Pool pool;
    private final Map<String, Object> kafka;

    ViewRebuild(Pool pool, @Identifier("default-kafka-broker") Map<String, Object> kafka) {
        this.pool = pool;
        this.kafka = kafka;
    }

    /**
     * What came of it.
     *
     * @param records how many the topics hold
     * @param resources what they tell of
     * @param missing resources that the view didn't have
     * @param behind resources that it had of an earlier revision: what is on its way
     * @param different resources that it had otherwise
     * @param surplus resources that it had and no topic tells of
     */
    record Report(
            long records, long resources, long missing, long behind, long different, int surplus, long durationMs) {}

    /** Blocks until it is done. Where it can't be done, the view stays as it was. */
    Report rebuild() {
        long began = System.nanoTime();
        var connection = pool.getConnection().await().atMost(PATIENCE);
        try (var consumer = consumer()) {
            // Only this connection sees it; it is gone with it, whatever happens.
            execute(connection, "drop table if exists pg_temp.rebuilt");
            execute(connection, "create temp table rebuilt (like resource including all)");
            long records = readToEnd(connection, consumer, Duration.ofHours(1));
            records += readToEnd(connection, consumer, PATIENCE);
            var transaction = connection.begin().await().atMost(PATIENCE);
            try {
                execute(connection, "set local lock_timeout = '5s'");
                execute(connection, "lock table resource in exclusive mode");
                records += readToEnd(connection, consumer, LAST_RECORDS);
                var report = replace(connection, records, began);
                transaction.commit().await().atMost(PATIENCE);
                LOG.infof("the view was rebuilt: %s", report);
                return report;
            } catch (RuntimeException e) {
                transaction.rollback().await().atMost(PATIENCE);
                throw e;
            }
        } finally {
            connection
                    .query("drop table if exists pg_temp.rebuilt")
                    .execute()
                    .onFailure()
                    .recoverWithNull()
                    .await()
                    .atMost(PATIENCE);
            connection.close().await().atMost(PATIENCE);
        }
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        var settings = new TreeMap<>(kafka);
        settings.putAll(CONSUMER);
        var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        var partitions = Stream.of(Topic.INSTANCE_EVENTS, Topic.TASK_EVENTS, Topic.INTEGRATION_EVENTS)
                .flatMap(topic -> IntStream.range(0, Topic.PARTITIONS)
                        .mapToObj(number -> new TopicPartition(topic.topicName(), number)))
                .toList();
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        return consumer;
    }

    /** All that is committed by now; says how many records that were. */
    private static long readToEnd(SqlConnection connection, KafkaConsumer<byte[], byte[]> consumer, Duration patience) {
        var ends = consumer.endOffsets(consumer.assignment());
        long deadline = System.nanoTime() + patience.toNanos();
        long count = 0;
        while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
            if (System.nanoTime() > deadline) {
                throw Problem.unavailable("rebuild_failed", "The topics couldn't be read to their end; try again.");
            }
            var records = consumer.poll(Duration.ofMillis(500));
            count += records.count();
            gather(connection, records);
        }
        return count;
    }

    private static void gather(SqlConnection connection, Iterable<ConsumerRecord<byte[], byte[]>> records) {
        var newest = new TreeMap<String, Resource>();
        var forgotten = new HashSet<String>();
        for (var record : records) {
            try {
                var message = Message.from(name -> Events.header(record, name), record.value());
                if (message.isTombstone()) {
                    newest.remove(message.subject());
                    forgotten.add(message.subject());
                } else {
                    Resource.from(message, record.topic())
                            .ifPresent(resource -> newest.merge(
                                    resource.id(), resource, (a, b) -> a.revision() > b.revision() ? a : b));
                }
            } catch (RuntimeException e) {
                LOG.warnf("%s-%d@%d isn't in the view: %s", record.topic(), record.partition(), record.offset(), e);
            }
        }
        View.put(connection, "rebuilt", List.copyOf(newest.values())).await().atMost(PATIENCE);
        View.forget(connection, "rebuilt", forgotten).await().atMost(PATIENCE);
    }

    private static Report replace(SqlConnection connection, long records, long began) {
        var found = connection
                .query("select count(*), count(*) filter (where r.id is null),"
                        + " count(*) filter (where r.revision < n.revision),"
                        + " count(*) filter (where r.revision >= n.revision and " + IS_DIFFERENT + ")"
                        + " from rebuilt n left join resource r on r.id = n.id")
                .execute()
                .await()
                .atMost(PATIENCE)
                .iterator()
                .next();
        int surplus = execute(
                connection,
                "delete from resource r where revision > 0"
                        + " and not exists (select 1 from rebuilt n where n.id = r.id)");
        execute(
                connection,
                "insert into resource as r (" + COLUMNS + ") select " + COLUMNS + " from rebuilt"
                        + " on conflict (id) do update set kind = excluded.kind, tenant = excluded.tenant,"
                        + " instance_id = excluded.instance_id, name = excluded.name, status = excluded.status,"
                        + " revision = excluded.revision, body = excluded.body, created_at = excluded.created_at,"
                        + " version = r.version + 1 where " + IS_DIFFERENT.replace("n.", "excluded."));
        return new Report(
                records,
                found.getLong(0),
                found.getLong(1),
                found.getLong(2),
                found.getLong(3),
                surplus,
                Duration.ofNanos(System.nanoTime() - began).toMillis());
    }

    private static int execute(SqlConnection connection, String sql) {
        return connection.query(sql).execute().await().atMost(PATIENCE).rowCount();
    }
}
