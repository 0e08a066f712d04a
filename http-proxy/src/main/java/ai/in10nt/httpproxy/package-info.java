/** HTTP between three: an exchange passed on, and streams of events to readers that may be slow; in constant memory. */
@NullMarked
package ai.in10nt.httpproxy;

import org.jspecify.annotations.NullMarked;
