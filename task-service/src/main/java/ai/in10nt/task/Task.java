package ai.in10nt.task;

import ai.in10nt.contracts.AgentRun;
import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.TaskCommand;
import ai.in10nt.contracts.TaskCommand.RunOptions;
import ai.in10nt.contracts.TaskData;
import ai.in10nt.contracts.TaskState;
import ai.in10nt.contracts.Trace;
import ai.in10nt.contracts.Usage;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A task as its owner knows it: the public state with the whole prompt and response, and how to run it. Immutable; the named
 * transitions are the only ways on, and none leads away from an end.
 *
 * @param generation the instance's when the run was last given to its agent; 0 before
 */
record Task(
        TaskData data,
        String tenant,
        long revision,
        long queueNumber,
        RunOptions options,
        int generation,
        @Nullable Trace trace) {

    /** What may come of a {@code task.run}. */
    sealed interface Decision {
        record Accepted(Task task) implements Decision {}

        record Refused(Failure problem) implements Decision {}
    }

    static Decision decide(
            TaskCommand.Run run, @Nullable InstanceMirror instance, String tenant, @Nullable Trace trace, Instant now) {
        if (instance == null || !instance.tenant.equals(tenant)) {
            return refused("instance_not_found", "There is no instance " + run.instanceId() + ".");
        }
        return switch (instance.status()) {
            case PROVISIONING, STARTING, HEALTHY, UNHEALTHY ->
                new Decision.Accepted(queued(run, instance.nextQueueNumber, tenant, trace, now));
            case STOPPING, STOPPED ->
                refused("instance_stopped", "The instance is stopped; start or restart it first.");
            case FAILED -> refused("instance_failed", "The instance has failed; restart it first.");
            case DESTROYING, DESTROYED ->
                refused("instance_destroyed", "The instance was destroyed; create a new one.");
        };
    }

    /** What may come of a {@code task.cancel}. */
    sealed interface Cancellation {
        record Cancelled(Task task) implements Cancellation {}

        record Unchanged(Task task) implements Cancellation {}

        record Refused(Failure problem) implements Cancellation {}
    }

    static Cancellation decide(TaskCommand.Cancel cancel, @Nullable Task task, String tenant, Instant now) {
        if (task == null
                || !task.tenant.equals(tenant)
                || !task.data.instanceId().equals(cancel.instanceId())) {
            return new Cancellation.Refused(
                    new Failure("task_not_found", "There is no task " + cancel.taskId() + " on this instance."));
        }
        return task.isOver()
                ? new Cancellation.Unchanged(task)
                : new Cancellation.Cancelled(
                        task.ended(TaskState.CANCELLED, new Failure("cancelled", "The task was cancelled."), now));
    }

    private static Decision refused(String code, String detail) {
        return new Decision.Refused(new Failure(code, detail));
    }

    private static Task queued(
            TaskCommand.Run run, long queueNumber, String tenant, @Nullable Trace trace, Instant now) {
        return new Task(TaskData.queued(run, now), tenant, 1, queueNumber, run.options(), 0, trace);
    }

    boolean isOver() {
        return data.state().isOver();
    }

    /** The run is about to be given to the agent. */
    Task running(int generation, Instant now) {
        var next = new TaskData(
                data.taskId(),
                data.instanceId(),
                TaskState.RUNNING.status(),
                TaskState.RUNNING,
                data.prompt(),
                null,
                null,
                null,
                0,
                null,
                null,
                null,
                List.of(),
                data.createdAt(),
                now,
                null,
                1,
                null);
        return new Task(next, tenant, revision + 1, queueNumber, options, generation, trace);
    }

    /** The run goes on at the agent of a later boot, which will say how it stands there. */
    Task onGeneration(int generation) {
        return new Task(data, tenant, revision, queueNumber, options, generation, trace);
    }

    /** The agent's own word on how it ended. */
    Task ended(AgentRun.Report report, Instant now) {
        return over(
                report.state(),
                report.response(),
                report.usage(),
                report.durationMs(),
                report.messageId(),
                report.toolsUsed(),
                report.attempts(),
                report.error(),
                now);
    }

    /** It ends without the agent's word. */
    Task ended(TaskState state, Failure error, Instant now) {
        var started = data.startedAt();
        var duration = started == null ? null : Duration.between(started, now).toMillis();
        return over(state, null, null, duration, null, List.of(), data.attempts(), error, now);
    }

    private Task over(
            TaskState state,
            @Nullable String response,
            @Nullable Usage usage,
            @Nullable Long durationMs,
            @Nullable String messageId,
            List<String> toolsUsed,
            int attempts,
            @Nullable Failure error,
            Instant now) {
        if (isOver() || !state.isOver()) {
            throw new IllegalArgumentException(data.taskId() + " can't go from " + data.state() + " to " + state);
        }
        var next = new TaskData(
                data.taskId(),
                data.instanceId(),
                state.status(),
                state,
                data.prompt(),
                null,
                response,
                null,
                usage == null ? 0 : usage.totalTokens(),
                usage,
                durationMs,
                messageId,
                toolsUsed,
                data.createdAt(),
                data.startedAt(),
                now,
                attempts,
                error);
        return new Task(next, tenant, revision + 1, queueNumber, options, generation, trace);
    }

    @Override
    public String toString() {
        return data.taskId() + " " + data.state().text() + " revision " + revision;
    }
}
