/** Tests of machines-local. */
@NullMarked
package ai.in10nt.machines;

import org.jspecify.annotations.NullMarked;
