/** The lines of instances' logs: fetched from machines, kept for a week, given to any number of readers. */
@NullMarked
package ai.in10nt.log;

import org.jspecify.annotations.NullMarked;
