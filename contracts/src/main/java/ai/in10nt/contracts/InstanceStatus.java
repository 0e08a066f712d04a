package ai.in10nt.contracts;

import com.fasterxml.jackson.annotation.JsonValue;
import java.util.Locale;

/** Where an instance stands. The words are the HTTP API's. */
public enum InstanceStatus {
    /** Accepted; its machine isn't there yet. */
    PROVISIONING,
    /** Its machine boots, or its agent isn't ready yet. */
    STARTING,
    /** The agent answers. */
    HEALTHY,
    /** The machine or the agent went away by itself; it is being started again. */
    UNHEALTHY,
    STOPPING,
    /** The machine is off, the workspace is kept. */
    STOPPED,
    DESTROYING,
    /** Gone for good. */
    DESTROYED,
    /** Given up; {@code error} says why. A restart tries again. */
    FAILED;

    @JsonValue
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Nothing is under way that will change it by itself. */
    public boolean isSettled() {
        return switch (this) {
            case HEALTHY, STOPPED, DESTROYED, FAILED -> true;
            case PROVISIONING, STARTING, UNHEALTHY, STOPPING, DESTROYING -> false;
        };
    }

    public boolean isGone() {
        return this == DESTROYING || this == DESTROYED;
    }
}
