/** HTTP in, commands out; answers from its own view of the events. */
@NullMarked
package ai.in10nt.gateway;

import org.jspecify.annotations.NullMarked;
