/** Jira. */
@NullMarked
package ai.in10nt.bundles.jira;

import org.jspecify.annotations.NullMarked;
