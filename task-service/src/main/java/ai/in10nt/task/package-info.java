/** Owns tasks: queues them per instance, runs them on the agents, keeps what came of them. */
@NullMarked
package ai.in10nt.task;

import org.jspecify.annotations.NullMarked;
