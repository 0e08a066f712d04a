/** GitHub. */
@NullMarked
package ai.in10nt.bundles.github;

import org.jspecify.annotations.NullMarked;
