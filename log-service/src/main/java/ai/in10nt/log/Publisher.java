package ai.in10nt.log;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Topic;
import io.smallrye.common.annotation.Identifier;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import jakarta.annotation.PreDestroy;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** Puts records on the topic of lines; each is on it when its future is complete. */
@ApplicationScoped
class Publisher {
    private final KafkaProducer<String, byte[]> producer;
    /** Sending waits where Kafka is away. */
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();

    Publisher(@Identifier("default-kafka-broker") Map<String, Object> kafka) {
        var settings = new HashMap<>(kafka);
        settings.putAll(Map.of(
                "acks", "all",
                "linger.ms", "0",
                "compression.type", "lz4",
                "buffer.memory", "16777216",
                "max.request.size", String.valueOf(Topic.MAX_RECORD_BYTES),
                "max.block.ms", "3000",
                "request.timeout.ms", "3000",
                "delivery.timeout.ms", "4000"));
        this.producer = new KafkaProducer<>(settings, new StringSerializer(), new ByteArraySerializer());
    }

    @PreDestroy
    void close() {
        threads.shutdown();
        producer.close(Duration.ofSeconds(2));
    }

    Future<Void> send(Message message) {
        var sent = Promise.<Void>promise();
        threads.execute(() -> {
            try {
                var partition = Topic.partitionOf(new InstanceId(message.subject()));
                var record =
                        new ProducerRecord<>(Topic.LOG_LINES.topicName(), partition, message.subject(), message.data());
                message.headers()
                        .forEach((name, value) -> record.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
                var _ = producer.send(record, (_, failure) -> {
                    if (failure == null) {
                        sent.complete();
                    } else {
                        sent.fail(failure);
                    }
                });
            } catch (RuntimeException e) {
                sent.fail(e);
            }
        });
        return sent.future();
    }
}
