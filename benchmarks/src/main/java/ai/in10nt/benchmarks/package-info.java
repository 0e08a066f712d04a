/** Figures of a running stack, each beside its physical parts or its peer, from one run. */
@NullMarked
package ai.in10nt.benchmarks;

import org.jspecify.annotations.NullMarked;
