/** Load, faults on a seeded schedule, and a judge that reads only what users and the provider can see. */
@NullMarked
package ai.in10nt.chaos;

import org.jspecify.annotations.NullMarked;
