package ai.in10nt.stack;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Topic;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * {@code ./dev dead-letters}: what couldn't be understood, and sending it once more, after what was wrong has been mended. A record
 * keeps its id, so where it has had its effect meanwhile, or was refused, it has none.
 */
final class DeadLetters {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /**
     * @param id where the letter lies: {@code PARTITION@OFFSET} of the topic of dead letters
     * @param topic where its record lies, with {@code partition} and {@code offset}
     */
    private record Letter(
            String id, Instant at, String topic, int partition, long offset, String key, String type, String reason) {
        @Override
        public String toString() {
            return "%-8s %s  %s-%d@%d  %s %s  %s".formatted(id, at, topic, partition, offset, type, key, reason);
        }
    }

    private final String kafka;

    private DeadLetters(String kafka) {
        this.kafka = kafka;
    }

    static void run(String kafka, List<String> words) {
        var letters = new DeadLetters(kafka);
        switch (words.isEmpty() ? "list" : words.getFirst()) {
            case "list" -> letters.list().forEach(System.out::println);
            case "redrive" -> letters.redrive(words.subList(1, words.size()));
            default -> throw new Stack.Trouble("usage: ./dev dead-letters [list | redrive [PARTITION@OFFSET...]]");
        }
    }

    private List<Letter> list() {
        var partitions = IntStream.range(0, Topic.PARTITIONS)
                .mapToObj(number -> new TopicPartition(Topic.DEAD_LETTERS.topicName(), number))
                .toList();
        var letters = new ArrayList<Letter>();
        try (var consumer = Topics.consumer(kafka)) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            var ends = consumer.endOffsets(partitions);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(PATIENCE).forEach(record -> letters.add(letter(record)));
            }
        }
        letters.sort(java.util.Comparator.comparing(Letter::at));
        return letters;
    }

    /** The gateway's letters are the records themselves, with where they lay as headers; the owners' tell it as JSON. */
    private static Letter letter(ConsumerRecord<byte[], byte[]> record) {
        var id = record.partition() + "@" + record.offset();
        var at = Instant.ofEpochMilli(record.timestamp());
        var topic = header(record, "dead-letter-topic");
        if (topic.isEmpty()) {
            var told = Json.read(record.value(), JsonNode.class);
            return new Letter(
                    id,
                    at,
                    told.path("topic").asText(),
                    told.path("partition").asInt(),
                    told.path("offset").asLong(),
                    told.path("key").asText(),
                    told.path("headers").path("ce_type").asText("-"),
                    told.path("reason").asText());
        }
        var where = header(record, "dead-letter-offset").split("@", -1);
        var key = record.key() == null ? "" : new String(record.key(), StandardCharsets.UTF_8);
        return new Letter(
                id,
                at,
                topic,
                Integer.parseInt(where[0]),
                Long.parseLong(where[1]),
                key,
                header(record, "ce_type"),
                "the gateway's log has the reason");
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        var header = record.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    private void redrive(List<String> ids) {
        var all = list();
        for (var id : ids) {
            if (all.stream().noneMatch(letter -> letter.id().equals(id))) {
                throw new Stack.Trouble("there is no dead letter " + id + "; ./dev dead-letters lists them");
            }
        }
        var chosen = all.stream()
                .filter(letter -> ids.isEmpty() || ids.contains(letter.id()))
                .toList();
        try (var producer = new KafkaProducer<>(
                Map.<String, Object>of("bootstrap.servers", kafka, "max.request.size", Topic.MAX_RECORD_BYTES),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (var letter : chosen) {
                var record = original(letter);
                if (record.isEmpty()) {
                    System.out.println(letter.id() + " isn't sent: " + letter.topic() + " doesn't keep it any more");
                    continue;
                }
                producer.send(new ProducerRecord<>(
                                letter.topic(),
                                letter.partition(),
                                record.get().key(),
                                record.get().value(),
                                record.get().headers()))
                        .get();
                System.out.println(letter.id() + " is sent to " + letter.topic() + " again");
            }
        } catch (ExecutionException e) {
            throw new Stack.Trouble("Kafka didn't take it: " + e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Optional<ConsumerRecord<byte[], byte[]>> original(Letter letter) {
        var partition = new TopicPartition(letter.topic(), letter.partition());
        try (var consumer = Topics.consumer(kafka)) {
            consumer.assign(List.of(partition));
            if (consumer.beginningOffsets(List.of(partition)).getOrDefault(partition, 0L) > letter.offset()) {
                return Optional.empty();
            }
            consumer.seek(partition, letter.offset());
            return consumer.poll(PATIENCE).records(partition).stream()
                    .filter(record -> record.offset() == letter.offset())
                    .findFirst();
        }
    }
}
