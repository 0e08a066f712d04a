package ai.in10nt.task;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.TaskCommand;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Map;

/** A command that saw a newer instance than this service has yet; it waits for the event, as a row, so nothing is blocked. */
@Entity
@Table(name = "parked")
class ParkedRow {
    @Id
    @Column(name = "command_id")
    String commandId = "";

    @Column(name = "instance_id")
    String instanceId = "";

    int partition;

    @Column(name = "arrival", insertable = false, updatable = false)
    long arrival;

    @Column(name = "instance_revision")
    long instanceRevision;

    Instant deadline = Instant.EPOCH;
    String headers = "";
    byte[] data = {};

    static ParkedRow of(Message message, TaskCommand.Run run, int partition, Instant deadline) {
        return of(message, run.instanceId(), run.instanceRevision(), partition, deadline);
    }

    static ParkedRow of(Message message, InstanceId instance, long instanceRevision, int partition, Instant deadline) {
        var row = new ParkedRow();
        row.commandId = message.id();
        row.instanceId = instance.value();
        row.partition = partition;
        row.instanceRevision = instanceRevision;
        row.deadline = deadline;
        row.headers = Json.text(message.headers());
        row.data = message.data();
        return row;
    }

    Message message() {
        Map<?, ?> stored = Json.read(headers, Map.class);
        return Message.from(
                name -> stored.get(name) instanceof String text ? text.getBytes(StandardCharsets.UTF_8) : null, data);
    }
}
