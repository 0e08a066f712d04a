package ai.in10nt.relay;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What a service does, again and again, for the rows that aren't as wanted yet. Called on virtual threads. */
public interface Reconciler {
    /**
     * A row that wants a step.
     *
     * @param version rises when the row changes: what a step of an older version was told to wait for doesn't hold back this one
     */
    record Due(String id, long version) {}

    /** The rows on these partitions that want a step now. */
    List<Due> due(List<Integer> partitions);

    /**
     * One idempotent step for one row; never two at once for the same id.
     *
     * @return when to step again; empty: when something nudges, or never
     */
    Optional<Duration> step(String id);
}
