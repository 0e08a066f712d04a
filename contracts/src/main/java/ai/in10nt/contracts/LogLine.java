package ai.in10nt.contracts;

import java.time.Instant;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One line of an instance's log.
 *
 * @param id counts from 1 in each instance, over all its boots; later lines have greater ones
 * @param type {@code stdout} and {@code stderr} of commands, {@code agent} what the agent says, {@code tool} what it calls and is
 *     answered, {@code system} what happens to machine, runs and commands, {@code error} what went wrong
 * @param source where it was written: {@code machine}, {@code opencode}, {@code execute}, {@code run}
 * @param message without its line break; at most 64 KiB, what was cut says so; secrets of the instance are masked
 */
public record LogLine(
        long id,
        String type,
        String source,
        String message,
        Instant timestamp,
        @Nullable String taskId) {

    /** All types that there are. */
    public static final Set<String> TYPES = Set.of("stdout", "stderr", "agent", "tool", "system", "error");

    /** The longest message, in bytes of UTF-8. */
    public static final int MAX_MESSAGE_BYTES = 64 * 1024;
}
