/** One HTTP exchange passed on, in both directions and in constant memory. */
@NullMarked
package ai.in10nt.httpproxy;

import org.jspecify.annotations.NullMarked;
