package ai.in10nt.contracts;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Where a task stands, finer than its {@code status}. */
public enum TaskState {
    /** Accepted; waits for its turn on its instance. */
    QUEUED,
    RUNNING,
    COMPLETED,
    FAILED,
    CANCELLED,
    TIMED_OUT;

    @JsonValue
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    public boolean isOver() {
        return this != QUEUED && this != RUNNING;
    }

    /** in10nt's three words for it. */
    public String status() {
        return switch (this) {
            case QUEUED, RUNNING -> "processing";
            case COMPLETED -> "completed";
            case FAILED, CANCELLED, TIMED_OUT -> "failed";
        };
    }
}
