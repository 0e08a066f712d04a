package ai.in10nt.task;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.time.Instant;

/** A task that was cancelled while its agent was at work: the agent is told until it has heard, or its boot is over. */
@Entity
@Table(name = "abort")
class AbortRow {
    @Id
    @Column(name = "task_id")
    String taskId = "";

    @Column(name = "instance_id")
    String instanceId = "";

    int partition;
    int generation;
    Instant at = Instant.EPOCH;

    static AbortRow of(Task task, Instant now) {
        var row = new AbortRow();
        row.taskId = task.data().taskId().value();
        row.instanceId = task.data().instanceId().value();
        row.partition = ai.in10nt.contracts.Topic.partitionOf(task.data().instanceId());
        row.generation = task.generation();
        row.at = now;
        return row;
    }
}
