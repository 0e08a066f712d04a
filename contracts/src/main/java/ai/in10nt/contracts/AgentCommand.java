package ai.in10nt.contracts;

import org.jspecify.annotations.Nullable;

/** A command that is run in a machine beside the agent; what the gateway and the agent server say to each other about it. */
public final class AgentCommand {
    /** The most bytes of a command: a program's single argument may have a few more. */
    public static final int MAX_BYTES = 100 * 1024;

    /** The most bytes that are kept of each stream. */
    public static final int MAX_STREAM_BYTES = 1024 * 1024;

    private AgentCommand() {}

    /**
     * The body of {@code PUT /commands/{id}?waitMs=}: the same id again is the same command. 200 with the result, or 202 where it
     * still runs when the time is over.
     *
     * @param timeoutMs after which all that it has started is ended
     * @param cwd absolute, or below the workspace
     */
    public record Request(
            String command, long timeoutMs, @Nullable String cwd) {}

    /**
     * What came of it; the body of {@code POST /instances/{id}/execute}'s answer.
     *
     * @param output both streams, as they came
     * @param exitCode 124 where it was ended by its timeout, 128 + signal where a signal ended it
     * @param truncated a stream had more than {@link #MAX_STREAM_BYTES}; its beginning is here
     */
    public record Result(
            String output,
            String stdout,
            String stderr,
            int exitCode,
            long durationMs,
            boolean truncated,
            boolean timedOut) {}
}
