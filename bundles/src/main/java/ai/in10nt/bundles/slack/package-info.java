/** Slack. */
@NullMarked
package ai.in10nt.bundles.slack;

import org.jspecify.annotations.NullMarked;
