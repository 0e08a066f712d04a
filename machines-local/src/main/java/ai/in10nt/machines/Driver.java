package ai.in10nt.machines;

import java.time.Duration;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What a machine really is on this host. Each outlives machines-local, and is found again after its restart. */
interface Driver {
    /** Said aloud at start: what it is and what it can't do. */
    String describe();

    /** Boots it on its volume's folder, if it has one; returns when it runs. Throws {@link StartFailed}. */
    void start(Machine machine, @Nullable String volume);

    /** Keeps a running machine that an earlier process started within its memory, where nothing else does. */
    default void guard(Machine machine) {}

    boolean isRunning(String id);

    /** How the main program ended, 128 and more for signals; empty: unknown, or it runs. */
    OptionalInt exitCode(String id);

    void signal(String id, String signal);

    /** Ends all of it, at once. */
    void kill(String id);

    /** What its main program has written, or the newest of it. */
    String log(String id);

    ExecResult exec(String id, List<String> command, Duration timeout);

    /** Whether it ended because its memory was used up. */
    boolean wasOutOfMemory(String id);

    /** Holds all of it still, in memory. */
    void suspend(String id);

    boolean isSuspended(String id);

    /** Lets it go on, if it was held. */
    void resume(String id);

    /** Forgets what is left of a machine that doesn't run. */
    void remove(String id);

    /** Those of volumes, as this driver's machines leave them. */
    Folders folders();

    /** The output of a command inside. */
    record ExecResult(int exitCode, boolean isTimedOut, String stdout, String stderr) {}

    /** It can't boot; the message says why. */
    final class StartFailed extends RuntimeException {
        StartFailed(String message) {
            super(message, null, false, false);
        }
    }
}
