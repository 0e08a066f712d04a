/** What can be tried of integrations without a stack. */
@NullMarked
package ai.in10nt.integration;

import org.jspecify.annotations.NullMarked;
