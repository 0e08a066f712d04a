/** Twilio and ElevenLabs. */
@NullMarked
package ai.in10nt.bundles.voice;

import org.jspecify.annotations.NullMarked;
