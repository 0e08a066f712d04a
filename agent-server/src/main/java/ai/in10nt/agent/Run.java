package ai.in10nt.agent;

import ai.in10nt.contracts.AgentRun;
import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.TaskState;
import ai.in10nt.contracts.Usage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A run as it stands on the volume: written before each thing that can't be undone, so that a later boot knows how far it came.
 *
 * @param startedAtMs when it first began, epoch milliseconds: the timeout counts from here, over a crash too
 * @param attempts how often the prompt was given to the agent
 * @param retries how often it was begun anew, because a tool was at work when the agent died
 * @param attemptsBefore of the attempts, those before it was last begun anew
 * @param usage what its model calls have used so far
 * @param report once it is over
 */
record Run(
        String taskId,
        AgentRun.Request request,
        long startedAtMs,
        int attempts,
        int retries,
        int attemptsBefore,
        Usage usage,
        AgentRun.@Nullable Report report) {

    static Run begun(String taskId, AgentRun.Request request, long nowMs) {
        return new Run(taskId, request, nowMs, 0, 0, 0, new Usage(0, 0, 0, 0, 0), null);
    }

    boolean isOver() {
        return report != null;
    }

    /** OpenCode takes any id that begins so; derived, so that posting twice is seen. What is begun anew is a message of its own. */
    String messageId() {
        return "msg_" + taskId.substring("task_".length()) + (retries == 0 ? "" : "r" + retries);
    }

    long deadlineMs() {
        return startedAtMs + request.options().timeoutMs();
    }

    Run attempted() {
        return new Run(taskId, request, startedAtMs, attempts + 1, retries, attemptsBefore, usage, report);
    }

    boolean mayBeRetried() {
        return retries < request.options().retries();
    }

    Run retried() {
        return new Run(taskId, request, startedAtMs, attempts, retries + 1, attempts, usage, report);
    }

    /** Since it was last begun anew. */
    int attemptsNow() {
        return attempts - attemptsBefore;
    }

    Run used(long inputTokens, long outputTokens, double cost) {
        var sum = new Usage(
                usage.totalTokens() + inputTokens + outputTokens,
                usage.inputTokens() + inputTokens,
                usage.outputTokens() + outputTokens,
                usage.modelCalls() + 1,
                usage.cost() + cost);
        return new Run(taskId, request, startedAtMs, attempts, retries, attemptsBefore, sum, report);
    }

    Run completed(String response, List<String> toolsUsed, long nowMs) {
        return over(TaskState.COMPLETED, response, toolsUsed, null, nowMs);
    }

    Run failed(TaskState state, Failure error, @Nullable String response, List<String> toolsUsed, long nowMs) {
        return over(state, response, toolsUsed, error, nowMs);
    }

    private Run over(
            TaskState state, @Nullable String response, List<String> toolsUsed, @Nullable Failure error, long nowMs) {
        var report = new AgentRun.Report(
                state, response, usage, toolsUsed, messageId(), attempts, nowMs - startedAtMs, error);
        return new Run(taskId, request, startedAtMs, attempts, retries, attemptsBefore, usage, report);
    }

    /** With the machine's secrets out of what is told of its end. */
    Run masked(Masks masks) {
        if (report == null) {
            return this;
        }
        var error = report.error();
        var masked = new AgentRun.Report(
                report.state(),
                report.response() == null ? null : masks.in(report.response()),
                report.usage(),
                report.toolsUsed(),
                report.messageId(),
                report.attempts(),
                report.durationMs(),
                error == null ? null : new Failure(error.code(), masks.in(error.detail())));
        return new Run(taskId, request, startedAtMs, attempts, retries, attemptsBefore, usage, masked);
    }

    AgentRun.Report reportNow() {
        return report != null ? report : unfinished();
    }

    AgentRun.Report unfinished() {
        return new AgentRun.Report(TaskState.RUNNING, null, usage, List.of(), messageId(), attempts, null, null);
    }
}
