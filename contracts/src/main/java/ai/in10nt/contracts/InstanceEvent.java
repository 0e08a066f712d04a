package ai.in10nt.contracts;

import java.util.Locale;

/** What became of an instance, with its whole public state after it. */
public record InstanceEvent(long revision, InstanceData instance) {

    /** The wire names, {@code instance.} and the word. */
    public enum Type {
        /** A create was accepted. */
        PROVISIONING,
        /** The machine exists and boots. */
        STARTING,
        /** A restart or start was accepted: a new generation boots. What ran on the old one has ended. */
        RESTARTING,
        /** The agent answers. */
        HEALTHY,
        /** The machine went away by itself; a new generation boots. What ran may be continued. */
        UNHEALTHY,
        STOPPING,
        STOPPED,
        DESTROYING,
        DESTROYED,
        FAILED,
        /** Its integrations are others. */
        UPDATED;

        public String text() {
            return "instance." + name().toLowerCase(Locale.ROOT);
        }
    }
}
