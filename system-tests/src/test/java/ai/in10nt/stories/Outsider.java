package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.acl.AclBindingFilter;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.SaslAuthenticationException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * Who reads events from outside.
 *
 * @param settings of its Kafka clients, its password among them
 */
record Outsider(Properties settings) {
    private KafkaConsumer<byte[], byte[]> consumer() {
        return new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    void readsEventsOf(String instance) {
        try (var consumer = consumer()) {
            assertThat(consumer.listTopics().keySet())
                    .contains("in10nt.instance.events", "in10nt.task.events", "in10nt.log.lines")
                    .allMatch(topic -> topic.endsWith(".events") || topic.equals("in10nt.log.lines"));
            consumer.subscribe(List.of("in10nt.instance.events"));
            await().atMost(Duration.ofSeconds(30)).until(() -> {
                for (var polled : consumer.poll(Duration.ofMillis(200))) {
                    if (instance.equals(new String(polled.key(), StandardCharsets.UTF_8))) {
                        return true;
                    }
                }
                return false;
            });
        }
    }

    void doesNothingElse() {
        try (var consumer = consumer()) {
            consumer.subscribe(List.of("in10nt.instance.commands"));
            assertThatThrownBy(() -> consumer.poll(Duration.ofSeconds(10))).isInstanceOf(AuthorizationException.class);
        }
        try (var producer = new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer())) {
            for (var topic : List.of("in10nt.instance.events", "in10nt.instance.commands", "in10nt.log.lines")) {
                assertThatThrownBy(() -> producer.send(new ProducerRecord<>(topic, new byte[] {1}))
                                .get(10, TimeUnit.SECONDS))
                        .as(topic)
                        .hasRootCauseInstanceOf(AuthorizationException.class);
            }
        }
        try (var admin = Admin.create(settings)) {
            assertThatThrownBy(() -> admin.deleteTopics(List.of("in10nt.instance.events"))
                            .all()
                            .get())
                    .isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(AuthorizationException.class);
            assertThatThrownBy(() ->
                            admin.describeAcls(AclBindingFilter.ANY).values().get())
                    .hasCauseInstanceOf(AuthorizationException.class);
        }
    }

    void isNobodyWithoutThePassword() {
        var wrong = new Properties();
        wrong.putAll(settings);
        wrong.put(
                "sasl.jaas.config",
                settings.getProperty("sasl.jaas.config").replaceFirst("password=\"", "password=\"x"));
        try (var admin = Admin.create(wrong)) {
            assertThatThrownBy(() -> admin.listTopics().names().get(20, TimeUnit.SECONDS))
                    .hasCauseInstanceOf(SaslAuthenticationException.class);
        }
        var anonymous = Map.<String, Object>of(
                "bootstrap.servers",
                settings.getProperty("bootstrap.servers"),
                "default.api.timeout.ms",
                4000,
                "request.timeout.ms",
                2000);
        try (var admin = Admin.create(anonymous)) {
            assertThatThrownBy(() -> admin.listTopics().names().get(20, TimeUnit.SECONDS))
                    .isInstanceOf(ExecutionException.class);
        }
    }
}
