/** A model provider that answers by fixed rules, so that everything around it can be real without a key. */
@NullMarked
package ai.in10nt.demomodel;

import org.jspecify.annotations.NullMarked;
