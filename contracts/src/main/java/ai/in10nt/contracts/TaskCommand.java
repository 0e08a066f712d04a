package ai.in10nt.contracts;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
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
     * @param mcpServers whose tools the model is offered for this run
     * @param httpTools that the model is offered for this run
     */
    record RunOptions(
            String model,
            String provider,
            long timeoutMs,
            @Nullable Integer maxTokens,
            @Nullable String system,
            boolean autoTools,
            int retries,
            @Nullable List<String> tools,
            @Nullable List<McpServer> mcpServers,
            @Nullable List<HttpTool> httpTools) {
        public RunOptions {
            tools = tools == null ? null : List.copyOf(tools);
            mcpServers = mcpServers == null ? null : List.copyOf(mcpServers);
            httpTools = httpTools == null ? null : List.copyOf(httpTools);
        }
    }

    /**
     * A server of the Model Context Protocol (streamable HTTP), asked from inside the instance. Its tools are called
     * {@code <name>_<tool>}. Messages are no place for secrets: where {@code ${NAME}} stands, the agent server puts in the
     * instance's variable of that name.
     *
     * @param url may hold {@code ${NAME}}
     * @param headers sent with each request; values may hold {@code ${NAME}}
     */
    record McpServer(String name, String url, Map<String, String> headers) {
        public McpServer {
            headers = Map.copyOf(headers);
        }
    }

    /**
     * A tool behind an HTTP endpoint: the arguments are posted to it as a JSON object, from inside the instance, and the body of the
     * answer is what the model is told. The model is offered it as {@code http_<name>}.
     *
     * @param parameters a JSON Schema of an object
     * @param url may hold {@code ${NAME}}, as {@link McpServer#url} may
     * @param headers sent with each call; values may hold {@code ${NAME}}
     */
    record HttpTool(String name, String description, JsonNode parameters, String url, Map<String, String> headers) {
        public HttpTool {
            headers = Map.copyOf(headers);
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
