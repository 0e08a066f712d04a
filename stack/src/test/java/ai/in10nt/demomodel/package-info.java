/** Tests of the demo model. */
@NullMarked
package ai.in10nt.demomodel;

import org.jspecify.annotations.NullMarked;
