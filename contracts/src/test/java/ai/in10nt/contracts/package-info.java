/** Tests of the messages. */
@NullMarked
package ai.in10nt.contracts;

import org.jspecify.annotations.NullMarked;
