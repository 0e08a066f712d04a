package ai.in10nt.log;

import ai.in10nt.contracts.InstanceEvent;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.LogLine;
import ai.in10nt.contracts.LogLines;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import io.vertx.pgclient.PgException;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Instance events and log lines as they arrive: one transaction a poll stores them, then tails and readers are told. */
@ApplicationScoped
class Arrivals {
    private static final Logger LOG = Logger.getLogger(Arrivals.class);
    private static final String FORGOTTEN = "instance.forgotten";

    private final Arrived arrived;
    private final Tails tails;
    private final Hubs hubs;
    private final MeterRegistry metrics;
    private final MutinyEmitter<byte[]> deadLetters;

    Arrivals(
            Arrived arrived,
            Tails tails,
            Hubs hubs,
            MeterRegistry metrics,
            @Channel("dead-letters-out") MutinyEmitter<byte[]> deadLetters) {
        this.arrived = arrived;
        this.tails = tails;
        this.hubs = hubs;
        this.metrics = metrics;
        this.deadLetters = deadLetters;
    }

    /** Whose lines they are, and on which partition. */
    record Owner(String instanceId, String tenant, int partition) {}

    /** What one poll comes to. */
    static final class Batch {
        final Map<String, LogStore.Followed> followed = new LinkedHashMap<>();
        final Map<Owner, List<LogLine>> lines = new LinkedHashMap<>();
        final Set<String> ended = new LinkedHashSet<>();
        final Set<String> forgotten = new LinkedHashSet<>();
        final List<ConsumerRecord<byte[], byte[]>> poison = new ArrayList<>();
    }

    @Incoming("arrivals-in")
    Uni<Void> receive(ConsumerRecords<byte[], byte[]> records) {
        var batch = new Batch();
        records.forEach(record -> read(record, batch));
        return Uni.createFrom()
                .deferred(() -> arrived.store(batch))
                .onFailure(Arrivals::isDataError)
                .recoverWithUni(_ -> oneByOne(records, batch))
                .call(() -> bury(batch.poison))
                .onFailure()
                .invoke(e -> LOG.warnf("lines wait: %s", e))
                .onFailure()
                .retry()
                .withBackOff(Duration.ofMillis(100), Duration.ofSeconds(2))
                .indefinitely()
                .invoke(stored -> tell(batch, stored))
                .replaceWithVoid();
    }

    private void tell(Batch batch, List<Arrived.Stored> stored) {
        batch.followed.values().forEach(tails::follow);
        batch.forgotten.forEach(tails::forget);
        stored.forEach(hubs::wake);
        metrics.counter("log.line.stored")
                .increment(batch.lines.values().stream().mapToInt(List::size).sum());
    }

    /** One of them is what the database can't take: that one becomes a dead letter, the others don't wait for it. */
    private Uni<List<Arrived.Stored>> oneByOne(ConsumerRecords<byte[], byte[]> records, Batch all) {
        return Multi.createFrom()
                .iterable(records)
                .onItem()
                .transformToUniAndConcatenate(record -> {
                    var batch = new Batch();
                    read(record, batch);
                    return arrived.store(batch).onFailure(Arrivals::isDataError).recoverWithUni(e -> {
                        LOG.errorf("%s is a dead letter: %s", place(record), e);
                        all.poison.add(record);
                        return Uni.createFrom().item(List.of());
                    });
                })
                .collect()
                .asList()
                .map(stored -> stored.stream().flatMap(List::stream).toList());
    }

    /** SQLSTATE class 22 (data exception). */
    private static boolean isDataError(Throwable failure) {
        return failure instanceof PgException e
                && e.getSqlState() != null
                && e.getSqlState().startsWith("22");
    }

    private static String place(ConsumerRecord<byte[], byte[]> record) {
        return record.topic() + "-" + record.partition() + "@" + record.offset();
    }

    private static void read(ConsumerRecord<byte[], byte[]> record, Batch batch) {
        try {
            read(Message.from(name -> header(record, name), record.value()), record, batch);
        } catch (RuntimeException e) {
            LOG.errorf("%s is a dead letter: %s", place(record), e);
            batch.poison.add(record);
        }
    }

    private static void read(Message message, ConsumerRecord<byte[], byte[]> record, Batch batch) {
        switch (message.type()) {
            case LogLines.TYPE -> {
                var lines = Json.read(message.data(), LogLines.class);
                batch.lines
                        .computeIfAbsent(
                                new Owner(lines.instanceId().value(), message.tenant(), record.partition()),
                                _ -> new ArrayList<>())
                        .addAll(lines.lines());
            }
            case LogLines.Ended.TYPE ->
                batch.ended.add(Json.read(message.data(), LogLines.Ended.class)
                        .instanceId()
                        .value());
            case FORGOTTEN -> batch.forgotten.add(message.subject());
            default -> {
                // What a later version adds is no poison.
                if (record.topic().equals(Topic.INSTANCE_EVENTS.topicName())) {
                    follow(Json.read(message.data(), InstanceEvent.class), message.tenant(), batch);
                }
            }
        }
    }

    private static void follow(InstanceEvent event, String tenant, Batch batch) {
        var instance = event.instance();
        batch.followed.merge(
                instance.instanceId().value(),
                new LogStore.Followed(
                        instance.instanceId().value(),
                        tenant,
                        event.revision(),
                        instance.status().text(),
                        instance.generation(),
                        instance.agentUrl(),
                        0),
                (a, b) -> a.revision() > b.revision() ? a : b);
    }

    private Uni<Void> bury(List<ConsumerRecord<byte[], byte[]>> poison) {
        return Multi.createFrom()
                .iterable(List.copyOf(poison))
                .onItem()
                .transformToUniAndConcatenate(record -> bury(record).invoke(() -> poison.remove(record)))
                .onItem()
                .ignoreAsUni();
    }

    /** The record as it came, with its headers and where it stood. */
    private Uni<Void> bury(ConsumerRecord<byte[], byte[]> record) {
        metrics.counter("log.record.buried").increment();
        var headers = new RecordHeaders(record.headers())
                .add("dead-letter-topic", record.topic().getBytes(StandardCharsets.UTF_8))
                .add(
                        "dead-letter-offset",
                        (record.partition() + "@" + record.offset()).getBytes(StandardCharsets.UTF_8));
        var metadata = OutgoingKafkaRecordMetadata.<byte[]>builder()
                .withTopic(Topic.DEAD_LETTERS.topicName())
                .withKey(record.key())
                .withPartition(record.partition())
                .withHeaders(headers)
                .build();
        // A letter must have a value, even where its record has none.
        var value = record.value() == null ? new byte[0] : record.value();
        return deadLetters.sendMessage(
                org.eclipse.microprofile.reactive.messaging.Message.of(value).addMetadata(metadata));
    }

    private static byte @Nullable [] header(ConsumerRecord<byte[], byte[]> record, String name) {
        var header = record.headers().lastHeader(name);
        return header == null ? null : header.value();
    }
}
