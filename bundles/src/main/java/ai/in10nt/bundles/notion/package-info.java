/** Notion. */
@NullMarked
package ai.in10nt.bundles.notion;

import org.jspecify.annotations.NullMarked;
