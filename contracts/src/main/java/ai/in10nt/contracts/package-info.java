/** The messages that services exchange: ids, commands, events, replies, topics, sealed values. */
@NullMarked
package ai.in10nt.contracts;

import org.jspecify.annotations.NullMarked;
