package ai.in10nt.stories;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Topic;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;
import org.jspecify.annotations.Nullable;

/** Records as a stranger's consumer reads them: from the beginning, committed ones only. */
public final class Events {
    public record Event(String key, int partition, Map<String, String> headers, String value) {
        public String type() {
            return headers.getOrDefault("ce_type", "");
        }

        public JsonNode json() {
            return Json.read(value, JsonNode.class);
        }
    }

    private Events() {}

    /** All there are now. */
    public static List<Event> all(String bootstrap, String topic) {
        return all(Map.of("bootstrap.servers", bootstrap), topic);
    }

    /**
     * The same, where who reads must say who he is.
     *
     * @param connection a client's settings
     */
    public static List<Event> all(Map<String, Object> connection, String topic) {
        var config = new HashMap<>(connection);
        config.put("isolation.level", "read_committed");
        var events = new ArrayList<Event>();
        try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
            var partitions = consumer.partitionsFor(topic).stream()
                    .map(partition -> new TopicPartition(topic, partition.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(200)).forEach(record -> {
                    var headers = new HashMap<String, String>();
                    record.headers()
                            .forEach(header ->
                                    headers.put(header.key(), new String(header.value(), StandardCharsets.UTF_8)));
                    events.add(new Event(
                            String.valueOf(record.key()),
                            record.partition(),
                            headers,
                            record.value() == null ? "" : new String(record.value(), StandardCharsets.UTF_8)));
                });
            }
        }
        return events;
    }

    /** A stranger's record, in every partition of ours. */
    public static void send(String bootstrap, String topic, Map<String, String> headers, @Nullable String value) {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap);
        try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            for (int partition = 0; partition < Topic.PARTITIONS; partition++) {
                var record = new ProducerRecord<>(topic, partition, "poison", value);
                headers.forEach((name, text) -> record.headers().add(name, text.getBytes(StandardCharsets.UTF_8)));
                var _ = producer.send(record);
            }
        }
    }

    /** How far the topics have been written: the same again means that nothing was. */
    public static long written(String bootstrap, List<String> topics) {
        Map<String, Object> config = Map.of("bootstrap.servers", bootstrap);
        try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
            var partitions = topics.stream()
                    .flatMap(topic -> consumer.partitionsFor(topic).stream()
                            .map(partition -> new TopicPartition(topic, partition.partition())))
                    .toList();
            return consumer.endOffsets(partitions).values().stream()
                    .mapToLong(Long::longValue)
                    .sum();
        }
    }

    /** Of one aggregate; a record that was published twice, with the same id, counts once. */
    public static List<Event> of(String bootstrap, String topic, String key) {
        var seen = new HashMap<String, String>();
        return all(bootstrap, topic).stream()
                .filter(event -> event.key().equals(key))
                .filter(event -> {
                    var id = event.headers().getOrDefault("ce_id", "");
                    var before = seen.putIfAbsent(id, event.value());
                    if (before != null && !before.equals(event.value())) {
                        throw new AssertionError("the same ce_id with other bytes: " + id);
                    }
                    return before == null;
                })
                .toList();
    }
}
