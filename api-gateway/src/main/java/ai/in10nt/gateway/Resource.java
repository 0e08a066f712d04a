package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceData;
import ai.in10nt.contracts.InstanceEvent;
import ai.in10nt.contracts.IntegrationData;
import ai.in10nt.contracts.IntegrationEvent;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.TaskData;
import ai.in10nt.contracts.TaskEvent;
import ai.in10nt.contracts.Topic;
import java.time.Instant;
import java.util.Optional;

/** One row of the view: an instance, a task or the integrations of an instance, as the latest event told it. */
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
    static final String INTEGRATION = "integration";

    /** What an event tells of; empty where it is none. */
    static Optional<Resource> from(Message message, String topic) {
        if (topic.equals(Topic.INSTANCE_EVENTS.topicName())) {
            var event = Json.read(message.data(), InstanceEvent.class);
            return Optional.of(of(message.tenant(), event.revision(), event.instance()));
        }
        if (topic.equals(Topic.TASK_EVENTS.topicName())) {
            var event = Json.read(message.data(), TaskEvent.class);
            return Optional.of(of(message.tenant(), event.revision(), event.task()));
        }
        if (topic.equals(Topic.INTEGRATION_EVENTS.topicName())) {
            var event = Json.read(message.data(), IntegrationEvent.class);
            return Optional.of(of(message.tenant(), event.revision(), event.integrations()));
        }
        return Optional.empty();
    }

    private static Resource of(String tenant, long revision, IntegrationData integrations) {
        return new Resource(
                IntegrationData.idOf(integrations.instanceId()),
                INTEGRATION,
                tenant,
                integrations.instanceId().value(),
                "",
                integrations.applied() == IntegrationData.Applied.TRUE ? "applied" : "pending",
                revision,
                Json.text(integrations),
                integrations.updatedAt());
    }

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

    IntegrationData integrations() {
        return Json.read(body, IntegrationData.class);
    }

    TaskData task() {
        return Json.read(body, TaskData.class);
    }
}
