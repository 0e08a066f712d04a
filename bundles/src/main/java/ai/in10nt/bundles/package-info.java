/** Integrations as data: one package for each partner, nothing of it does any work by itself. */
@NullMarked
package ai.in10nt.bundles;

import org.jspecify.annotations.NullMarked;
