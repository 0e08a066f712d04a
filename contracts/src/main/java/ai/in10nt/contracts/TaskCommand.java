package ai.in10nt.contracts;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is wanted of a task. */
public sealed interface TaskCommand {
    TaskId taskId();

    InstanceId instanceId();

    /**
     * The prompt is given to the agent of the instance, after those accepted before it.
     *
     * @param instanceRevision the revision of the instance that the gateway saw when it let the command through
     */
    record Run(TaskId taskId, InstanceId instanceId, long instanceRevision, String prompt, RunOptions options)
            implements TaskCommand {}

    /** The task ends, if it hasn't; what its agent does for it is aborted. */
    record Cancel(TaskId taskId, InstanceId instanceId) implements TaskCommand {}

    /**
     * How the agent and the model are to work on it.
     *
     * @param timeoutMs counts from the start of the run
     * @param maxTokens the most that one answer of the model may have
     * @param system appended to the agent's own system prompt
     * @param autoTools false: no tool may be called
     * @param tools names of the agent's own: those alone may be called; one behind a {@code !} may not be, and all others may;
     *     absent: all
     * @param retries how often the run may be begun anew when its agent died while a tool was at work; the timeout counts over all
     *     of it
     */
    record RunOptions(
            String model,
            String provider,
            long timeoutMs,
            @Nullable Integer maxTokens,
            @Nullable String system,
            boolean autoTools,
            int retries,
            @Nullable List<String> tools) {
        public RunOptions {
            tools = tools == null ? null : List.copyOf(tools);
        }
    }

    /** The wire name, the message's {@code ce_type}. */
    static String typeOf(TaskCommand command) {
        return switch (command) {
            case Run _ -> "task.run";
            case Cancel _ -> "task.cancel";
        };
    }

    /** Reads a message back; {@link IllegalArgumentException} for a type that isn't one of these. */
    static TaskCommand from(Message message) {
        return switch (message.type()) {
            case "task.run" -> Json.read(message.data(), Run.class);
            case "task.cancel" -> Json.read(message.data(), Cancel.class);
            default -> throw new IllegalArgumentException("not a task command: " + message.type());
        };
    }
}
