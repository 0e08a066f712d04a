/** Runs inside every machine, in front of the real agent: one run at a time, repeatable, resumable, counted. */
@NullMarked
package ai.in10nt.agent;

import org.jspecify.annotations.NullMarked;
