package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceData;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.TaskData;
import java.time.Instant;

/** One row of the view: an instance or a task, as the latest event told it. */
record Resource(
        String id,
        String kind,
        String tenant,
        String instanceId,
        String name,
        String status,
        long revision,
        String body,
        Instant createdAt) {

    static final String INSTANCE = "instance";
    static final String TASK = "task";

    static Resource of(String tenant, long revision, InstanceData instance) {
        var id = instance.instanceId().value();
        return new Resource(
                id,
                INSTANCE,
                tenant,
                id,
                instance.name(),
                instance.status().text(),
                revision,
                Json.text(instance),
                instance.createdAt());
    }

    static Resource of(String tenant, long revision, TaskData task) {
        return new Resource(
                task.taskId().value(),
                TASK,
                tenant,
                task.instanceId().value(),
                "",
                task.status(),
                revision,
                Json.text(task),
                task.createdAt());
    }

    InstanceData instance() {
        return Json.read(body, InstanceData.class);
    }

    TaskData task() {
        return Json.read(body, TaskData.class);
    }
}
