package ai.in10nt.relay;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Topic;
import io.smallrye.common.annotation.Identifier;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.jboss.logging.Logger;

/**
 * Brings committed outbox rows to Kafka: per partition in order of {@code seq}, one Kafka transaction, then delete. Never a
 * cursor and never SKIP LOCKED, because lower numbers can commit later. The transactional id names service and partition, so the
 * broker refuses a predecessor that was paused and believes it is still the owner.
 */
@ApplicationScoped
class Relay {
    private static final Logger LOG = Logger.getLogger(Relay.class);
    private static final Duration DATABASE_PATIENCE = Duration.ofSeconds(5);
    private static final int BATCH = 200;
    private static final long BATCH_BYTES = 4L * 1024 * 1024;
    /** The first rows, up to so many, until they come to so many bytes. */
    private static final String HEAD = """
            select seq, topic, key, headers, data from (
                select *, sum(length(data)) over (order by seq) - length(data) as before from (
                    select * from outbox where partition = $1 order by seq limit $2) first) summed
            where before < $3 order by seq
            """;

    private final Pool pool;
    private final Map<String, Object> kafka;
    private final String application;
    private final Map<Integer, KafkaProducer<String, byte[]>> producers = new HashMap<>();

    Relay(
            Pool pool,
            @Identifier("default-kafka-broker") Map<String, Object> kafka,
            @ConfigProperty(name = "quarkus.application.name") String application) {
        this.pool = pool;
        this.kafka = kafka;
        this.application = application;
    }

    /** The partitions, of those given, that have rows waiting. */
    List<Integer> waiting(List<Integer> partitions) {
        var rows = pool.preparedQuery("select distinct partition from outbox where partition = any($1)")
                .execute(Tuple.of(partitions.toArray(Integer[]::new)))
                .await()
                .atMost(DATABASE_PATIENCE);
        var waiting = new ArrayList<Integer>();
        rows.forEach(row -> waiting.add(row.getInteger(0)));
        return waiting;
    }

    /** Publishes all that waits on the partition. One caller per partition at a time. */
    void publish(int partition) {
        while (true) {
            // The producer first: who takes the partition over after this has a newer one, and ours is refused.
            var producer = producer(partition);
            var rows = pool.preparedQuery(HEAD)
                    .execute(Tuple.of(partition, BATCH, BATCH_BYTES))
                    .await()
                    .atMost(DATABASE_PATIENCE);
            if (rows.size() == 0) {
                return;
            }
            var published = new ArrayList<Long>();
            send(producer, partition, rows, published);
            FailPoint.reach("after-publish");
            pool.preparedQuery("delete from outbox where seq = any($1)")
                    .execute(Tuple.of(published.toArray(Long[]::new)))
                    .await()
                    .atMost(DATABASE_PATIENCE);
            if (isAll(rows)) {
                // What was committed since has its own nudge.
                return;
            }
        }
    }

    private static boolean isAll(RowSet<Row> rows) {
        long bytes = 0;
        for (var row : rows) {
            bytes += row.getBuffer("data").length();
        }
        return rows.size() < BATCH && bytes < BATCH_BYTES;
    }

    private void send(KafkaProducer<String, byte[]> producer, int partition, Iterable<Row> rows, List<Long> published) {
        try {
            producer.beginTransaction();
            for (var row : rows) {
                // A record that fails makes the commit fail.
                var _ = producer.send(recordOf(partition, row));
                published.add(row.getLong("seq"));
            }
            producer.commitTransaction();
        } catch (KafkaException | IllegalStateException e) {
            // Whatever it was, fenced or unreachable: a producer in doubt is thrown away, and the rows are still there.
            forget(partition);
            throw e;
        }
    }

    private static ProducerRecord<String, byte[]> recordOf(int partition, Row row) {
        var data = row.getBuffer("data").getBytes();
        var record = new ProducerRecord<String, byte[]>(
                row.getString("topic"),
                partition,
                row.getString("key"),
                // A tombstone.
                data.length == 0 ? null : data);
        headersOf(row).forEach((name, value) -> record.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
        return record;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, String> headersOf(Row row) {
        return Json.read(row.getString("headers"), Map.class);
    }

    private synchronized KafkaProducer<String, byte[]> producer(int partition) {
        var known = producers.get(partition);
        if (known != null) {
            return known;
        }
        var settings = new HashMap<>(kafka);
        settings.putAll(Map.of(
                ProducerConfig.TRANSACTIONAL_ID_CONFIG, application + "-" + partition,
                ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, 10_000,
                ProducerConfig.LINGER_MS_CONFIG, 0,
                ProducerConfig.MAX_BLOCK_MS_CONFIG, 5_000,
                ProducerConfig.REQUEST_TIMEOUT_MS_CONFIG, 4_000,
                ProducerConfig.DELIVERY_TIMEOUT_MS_CONFIG, 5_000,
                ProducerConfig.MAX_REQUEST_SIZE_CONFIG, Topic.MAX_RECORD_BYTES,
                ProducerConfig.BUFFER_MEMORY_CONFIG, 16L * 1024 * 1024));
        var producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
        try {
            producer.initTransactions();
        } catch (RuntimeException e) {
            producer.close(Duration.ZERO);
            throw e;
        }
        producers.put(partition, producer);
        return producer;
    }

    /** Closes the partition's producer, because the partition is another's now, or because its state is in doubt. */
    synchronized void forget(int partition) {
        var producer = producers.remove(partition);
        if (producer != null) {
            producer.close(Duration.ZERO);
        }
    }

    @PreDestroy
    synchronized void close() {
        LOG.debugf("closing %d producers", producers.size());
        producers.values().forEach(producer -> producer.close(Duration.ofSeconds(1)));
        producers.clear();
    }
}
