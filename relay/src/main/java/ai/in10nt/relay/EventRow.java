package ai.in10nt.relay;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;
import java.util.Objects;

/** An event as it was written, for ever. */
@Entity
@Table(name = "event")
class EventRow {
    @Id
    String id = "";

    String subject = "";
    long revision;
    String type = "";
    Instant at = Instant.EPOCH;
    String headers = "";
    byte[] data = {};

    static EventRow of(Message message) {
        var row = new EventRow();
        row.id = message.id();
        row.subject = message.subject();
        row.revision = Objects.requireNonNull(message.revision(), "an event has a revision");
        row.type = message.type();
        row.at = message.time();
        row.headers = Json.text(message.headers());
        row.data = message.data();
        return row;
    }
}
