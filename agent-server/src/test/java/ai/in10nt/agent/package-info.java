/** Tests of the agent server. */
@NullMarked
package ai.in10nt.agent;

import org.jspecify.annotations.NullMarked;
