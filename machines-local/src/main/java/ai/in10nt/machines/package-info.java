/** The Fly Machines REST API on this machine, over real sandboxes. */
@NullMarked
package ai.in10nt.machines;

import org.jspecify.annotations.NullMarked;
