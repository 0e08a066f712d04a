package ai.in10nt.task;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Topic;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.time.Instant;

/** A task at rest. */
@Entity
@Table(name = "task")
class TaskRow {
    @Id
    String id = "";

    @Column(name = "instance_id")
    String instanceId = "";

    int partition;
    String tenant = "";

    @Column(name = "queue_number")
    long queueNumber;

    String status = "";
    long revision;

    @Version
    long version;

    @Column(name = "created_at")
    Instant createdAt = Instant.EPOCH;

    @Column(name = "timeout_ms")
    long timeoutMs;

    String state = "";

    static TaskRow of(Task task) {
        var row = new TaskRow();
        row.id = task.data().taskId().value();
        row.instanceId = task.data().instanceId().value();
        row.partition = Topic.partitionOf(task.data().instanceId());
        row.tenant = task.tenant();
        row.queueNumber = task.queueNumber();
        row.createdAt = task.data().createdAt();
        row.timeoutMs = task.options().timeoutMs();
        row.set(task);
        return row;
    }

    void set(Task task) {
        revision = task.revision();
        status = task.data().state().text();
        state = Json.text(task);
    }

    Task task() {
        return Json.read(state, Task.class);
    }
}
