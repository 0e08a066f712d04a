package ai.in10nt.contracts;

import java.util.Locale;

/** What became of an instance's integrations, with their whole public state after it: names and states, no values. */
public record IntegrationEvent(long revision, IntegrationData integrations) {

    /** The wire names, {@code integration.} and the word. */
    public enum Type {
        /** Others were asked for, or other values given. */
        CHANGED,
        /** The partners were asked. */
        VERIFIED,
        /** The agent has them. */
        APPLIED;

        public String text() {
            return "integration." + name().toLowerCase(Locale.ROOT);
        }
    }
}
