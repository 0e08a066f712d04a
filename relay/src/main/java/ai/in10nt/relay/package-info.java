/** Commands in, committed rows out to Kafka in order, and one owner per partition for both. */
@NullMarked
package ai.in10nt.relay;

import org.jspecify.annotations.NullMarked;
