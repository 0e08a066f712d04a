package ai.in10nt.stack;

import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Topic;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * Reads events, as any outsider may, and sends what they tell as OpenTelemetry spans. Beside the services and not in them: they do nothing
 * for it, and it may be away: a state that began or ended meanwhile is no span, nor is one that the collector didn't take.
 */
final class Traces {
    private static final Duration POLL = Duration.ofMillis(500);
    private static final long PATIENCE_SECONDS = 10;

    private Traces() {}

    /**
     * Until this process is told to end.
     *
     * @param env {@code TRACES_KAFKA}, a file of settings for a Kafka client; {@code OTEL_EXPORTER_OTLP_ENDPOINT}, where the spans go, by
     *     OTLP over HTTP
     */
    static void run(Map<String, String> env) throws IOException {
        var settings = new Properties();
        try (var file =
                Files.newInputStream(Path.of(env.getOrDefault("TRACES_KAFKA", "/run/in10nt/kafka.properties")))) {
            settings.load(file);
        }
        settings.put("group.id", "events-traces");
        settings.put("isolation.level", "read_committed");
        settings.put("auto.offset.reset", "latest");
        settings.put("enable.auto.commit", "false");
        var endpoint = env.getOrDefault("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        var exporter = OtlpHttpSpanExporter.builder()
                .setEndpoint(endpoint.replaceFirst("/$", "") + "/v1/traces")
                .build();
        var processor = BatchSpanProcessor.builder(exporter).build();
        var isOver = new AtomicBoolean();
        try (var consumer = new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
                var spans = new Spans(processor)) {
            var reader = Thread.currentThread();
            Runtime.getRuntime().addShutdownHook(new Thread(() -> end(isOver, reader)));
            consumer.subscribe(topics());
            System.out.println("spans of " + topics() + " go to " + endpoint);
            while (!isOver.get()) {
                consumer.poll(POLL).forEach(record -> see(spans, record));
                // Sent before it is committed: a span may be sent twice, and is the same.
                processor.forceFlush().join(PATIENCE_SECONDS, TimeUnit.SECONDS);
                consumer.commitSync();
            }
        }
    }

    private static void end(AtomicBoolean isOver, Thread reader) {
        isOver.set(true);
        try {
            reader.join(TimeUnit.SECONDS.toMillis(PATIENCE_SECONDS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Those of facts; a line of a log is none. */
    private static List<String> topics() {
        return KafkaAccess.readable().stream()
                .filter(topic -> !topic.equals(Topic.LOG_LINES.topicName()))
                .toList();
    }

    private static void see(Spans spans, ConsumerRecord<byte[], byte[]> record) {
        try {
            spans.see(Message.from(
                    name -> {
                        var header = record.headers().lastHeader(name);
                        return header == null ? null : header.value();
                    },
                    record.value()));
        } catch (IllegalArgumentException | java.time.DateTimeException e) {
            System.err.println(
                    record.topic() + " " + record.partition() + "@" + record.offset() + ": " + e.getMessage());
        }
    }
}
