/** Tests of the gateway. */
@NullMarked
package ai.in10nt.gateway;

import org.jspecify.annotations.NullMarked;
