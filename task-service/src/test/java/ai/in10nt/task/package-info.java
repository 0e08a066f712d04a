/** Tests of the task service. */
@NullMarked
package ai.in10nt.task;

import org.jspecify.annotations.NullMarked;
