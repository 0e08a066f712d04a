package ai.in10nt.relay;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Topic;
import jakarta.persistence.Entity;
import jakarta.persistence.GeneratedValue;
import jakarta.persistence.GenerationType;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import org.jspecify.annotations.Nullable;

/** A record that must reach Kafka. */
@Entity
@Table(name = "outbox")
class OutboxRow {
    @Id
    @GeneratedValue(strategy = GenerationType.IDENTITY)
    @Nullable
    Long seq;

    int partition;
    String topic = "";
    String key = "";
    String headers = "";
    byte[] data = {};

    static OutboxRow of(Topic topic, int partition, Message message) {
        var row = new OutboxRow();
        row.partition = partition;
        row.topic = topic.topicName();
        row.key = message.subject();
        row.headers = Json.text(message.headers());
        row.data = message.data();
        return row;
    }
}
