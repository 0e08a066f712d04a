/** Tests of the provisioner. */
@NullMarked
package ai.in10nt.provisioner;

import org.jspecify.annotations.NullMarked;
