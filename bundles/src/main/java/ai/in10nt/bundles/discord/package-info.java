/** Discord. */
@NullMarked
package ai.in10nt.bundles.discord;

import org.jspecify.annotations.NullMarked;
