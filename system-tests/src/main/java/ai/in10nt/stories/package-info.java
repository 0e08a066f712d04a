/** How a stranger speaks with the stack: HTTP, and a consumer's view of the topics. */
@NullMarked
package ai.in10nt.stories;

import org.jspecify.annotations.NullMarked;
