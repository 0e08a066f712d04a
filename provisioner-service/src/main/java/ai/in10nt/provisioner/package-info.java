/** Owns instances: decides what becomes of them and drives Fly Machines there. */
@NullMarked
package ai.in10nt.provisioner;

import org.jspecify.annotations.NullMarked;
