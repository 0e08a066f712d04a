/** Stories told from outside, over HTTP and Kafka, against a whole stack of their own. */
@NullMarked
package ai.in10nt.stories;

import org.jspecify.annotations.NullMarked;
