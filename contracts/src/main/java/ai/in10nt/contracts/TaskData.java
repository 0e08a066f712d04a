package ai.in10nt.contracts;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A task as the world sees it: the body of {@code GET /instances/{id}/tasks/{taskId}} and of every task event.
 *
 * @param attempts how often the prompt was given to the agent
 * @param promptTruncated true where only the first {@link #MAX_TEXT_BYTES} of the prompt are here
 */
public record TaskData(
        TaskId taskId,
        InstanceId instanceId,
        String status,
        TaskState state,
        String prompt,
        @Nullable Boolean promptTruncated,
        @Nullable String response,
        @Nullable Boolean responseTruncated,
        long tokensUsed,
        @Nullable Usage usage,
        @Nullable @JsonProperty("duration_ms") Long durationMs,
        @Nullable String messageId,
        List<String> toolsUsed,
        Instant createdAt,
        @Nullable Instant startedAt,
        @Nullable Instant completedAt,
        int attempts,
        @Nullable Failure error) {

    /** Prompt and response are carried in events up to this many UTF-8 bytes; their owner has the rest. */
    public static final int MAX_TEXT_BYTES = 256 * 1024;

    private static final int MAX_DETAIL_BYTES = 8 * 1024;

    public TaskData {
        toolsUsed = List.copyOf(toolsUsed);
    }

    /** A new one, as the run asked for it: the gateway shows it at once, its owner begins with the same. */
    public static TaskData queued(TaskCommand.Run run, Instant at) {
        return new TaskData(
                run.taskId(),
                run.instanceId(),
                TaskState.QUEUED.status(),
                TaskState.QUEUED,
                run.prompt(),
                null,
                null,
                null,
                0,
                null,
                null,
                null,
                List.of(),
                at,
                null,
                null,
                0,
                null);
    }

    /** The same with prompt and response cut to {@link #MAX_TEXT_BYTES}, and a provider's long explanations to less. */
    public TaskData bounded() {
        var shortPrompt = cut(prompt, MAX_TEXT_BYTES);
        var shortResponse = response == null ? null : cut(response, MAX_TEXT_BYTES);
        return new TaskData(
                taskId,
                instanceId,
                status,
                state,
                shortPrompt,
                isShorter(shortPrompt, prompt),
                shortResponse,
                isShorter(shortResponse, response),
                tokensUsed,
                usage,
                durationMs,
                messageId,
                toolsUsed,
                createdAt,
                startedAt,
                completedAt,
                attempts,
                error == null ? null : new Failure(error.code(), cut(error.detail(), MAX_DETAIL_BYTES)));
    }

    /** True or absent. */
    private static @Nullable Boolean isShorter(@Nullable String cut, @Nullable String whole) {
        return (cut != null && whole != null && cut.length() < whole.length()) ? true : null;
    }

    /** The longest beginning that fits, never in the middle of a character. */
    private static String cut(String text, int limit) {
        if (text.length() <= limit / 3) {
            return text;
        }
        var bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= limit) {
            return text;
        }
        int end = limit;
        while ((bytes[end] & 0xc0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8);
    }
}
