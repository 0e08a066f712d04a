package ai.in10nt.contracts;

import ai.in10nt.contracts.TaskCommand.RunOptions;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What task-service and the agent server in a machine say to each other about one run. */
public final class AgentRun {
    private AgentRun() {}

    /**
     * The body of {@code PUT /tasks/{taskId}}; sending it again is sending it once.
     *
     * @param queueNumber rises with every task of the instance; a run older than one the agent server has begun is refused
     * @param trace goes on to the model provider
     */
    public record Request(
            String prompt,
            RunOptions options,
            long queueNumber,
            @Nullable Trace trace) {}

    /**
     * The answer to {@code GET /tasks/{taskId}/progress?after=N}: how the run stands, and what the agent told since.
     *
     * @param events each one JSON object, numbered on from N + 1; empty and over: there are no more
     */
    public record Progress(Report report, List<String> events) {
        public Progress {
            events = List.copyOf(events);
        }
    }

    /**
     * How the run stands.
     *
     * @param attempts how often the prompt was given to the agent
     */
    public record Report(
            TaskState state,
            @Nullable String response,
            @Nullable Usage usage,
            List<String> toolsUsed,
            @Nullable String messageId,
            int attempts,
            @Nullable @JsonProperty("duration_ms") Long durationMs,
            @Nullable Failure error) {
        public Report {
            toolsUsed = List.copyOf(toolsUsed);
        }
    }
}
