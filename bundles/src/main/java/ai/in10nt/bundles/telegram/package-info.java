/** Telegram. */
@NullMarked
package ai.in10nt.bundles.telegram;

import org.jspecify.annotations.NullMarked;
