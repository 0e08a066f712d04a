package ai.in10nt.benchmarks;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/** The plain clients, as anybody would use them: acks=all, nothing lingers, one topic with one partition. */
final class RawKafka implements AutoCloseable {
    private static final String TOPIC = "benchmark.raw";

    private final KafkaProducer<byte[], byte[]> producer;
    private final KafkaConsumer<byte[], byte[]> consumer;
    private final Thread thread;
    private final SynchronousQueue<byte[]> received = new SynchronousQueue<>();
    private volatile Consumer<byte[]> each = this::hand;
    private volatile boolean isClosing;

    RawKafka(String bootstrap) {
        createTopic(bootstrap);
        this.producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", bootstrap, "acks", "all", "linger.ms", 0),
                new ByteArraySerializer(),
                new ByteArraySerializer());
        this.consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", bootstrap, "enable.auto.commit", "false", "auto.offset.reset", "latest"),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer());
        var partition = new TopicPartition(TOPIC, 0);
        consumer.assign(List.of(partition));
        consumer.seekToEnd(List.of(partition));
        var _ = consumer.position(partition);
        this.thread = Thread.ofPlatform().name("raw-consumer").start(this::consume);
    }

    private static void createTopic(String bootstrap) {
        try (var admin = Admin.create(Map.of("bootstrap.servers", bootstrap))) {
            admin.createTopics(List.of(new NewTopic(TOPIC, 1, (short) 1))).all().get();
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw new IllegalStateException(e);
            }
        } catch (InterruptedException e) {
            throw Target.interrupted(e);
        }
    }

    private void consume() {
        while (!isClosing) {
            consumer.poll(Duration.ofMillis(100)).forEach(record -> each.accept(record.value()));
        }
        consumer.close();
    }

    private void hand(byte[] value) {
        try {
            received.put(value);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Nanoseconds from send to receive. */
    long roundTrip(byte[] value) {
        long began = System.nanoTime();
        var _ = producer.send(new ProducerRecord<>(TOPIC, 0, null, value));
        try {
            var _ = received.take();
        } catch (InterruptedException e) {
            throw Target.interrupted(e);
        }
        return System.nanoTime() - began;
    }

    /** From now on each record goes there, on the consumer's one thread. */
    void onEach(Consumer<byte[]> handler) {
        each = handler;
    }

    void send(byte[] value) {
        var _ = producer.send(new ProducerRecord<>(TOPIC, 0, null, value));
    }

    @Override
    public void close() {
        isClosing = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            throw Target.interrupted(e);
        }
        producer.close();
    }
}
