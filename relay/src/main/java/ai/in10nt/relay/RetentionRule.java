package ai.in10nt.relay;

import java.time.Instant;

/** Something that is kept for a time and then forgotten. A service adds its own as beans. */
public interface RetentionRule {
    /** One word, in the job's row and in metrics. */
    String name();

    /** Forgets some of what is too old now; returns how much that was: 0 when there is no more. */
    int forgetSome(Instant now);
}
