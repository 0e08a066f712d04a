/** Owns the integrations of instances and their secrets; the only one that talks to the partners. */
@NullMarked
package ai.in10nt.integration;

import org.jspecify.annotations.NullMarked;
