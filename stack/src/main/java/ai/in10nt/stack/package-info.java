/** Starts and supervises everything on one machine: Kafka, PostgreSQL, the services, machines-local, the demo model. */
@NullMarked
package ai.in10nt.stack;

import org.jspecify.annotations.NullMarked;
