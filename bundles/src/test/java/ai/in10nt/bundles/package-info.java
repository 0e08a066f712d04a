/** Partners to try against: they speak the published APIs. */
@NullMarked
package ai.in10nt.bundles;

import org.jspecify.annotations.NullMarked;
