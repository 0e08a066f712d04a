package ai.in10nt.contracts;

import java.security.SecureRandom;
import java.util.concurrent.ThreadLocalRandom;
import java.util.random.RandomGenerator;

/**
 * The text form of every id: a prefix and a ULID (48 bits of milliseconds, 80 random bits) in lower-case Crockford base 32.
 * Ids of one kind sort by the time they were made.
 */
public final class Ids {
    private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";
    private static final RandomGenerator RANDOM = new SecureRandom();

    private Ids() {}

    static String mint(String prefix) {
        return mint(prefix, System.currentTimeMillis(), RANDOM);
    }

    /** A new id for a command; a repeated command keeps it. */
    public static String command() {
        return mint("cmd_");
    }

    /** A new {@code ce_id}. */
    public static String event() {
        return mint("evt_");
    }

    /** A new {@code X-Request-Id}; nothing depends on its being hard to guess. */
    public static String request() {
        return mint("req_", System.currentTimeMillis(), ThreadLocalRandom.current());
    }

    /** A new id for an API key; the key itself is another, secret value. */
    public static String key() {
        return mint("key_");
    }

    static String mint(String prefix, long millis, RandomGenerator random) {
        var text = new StringBuilder(prefix.length() + 26).append(prefix);
        for (int shift = 45; shift >= 0; shift -= 5) {
            text.append(ALPHABET.charAt((int) (millis >>> shift) & 31));
        }
        // 80 random bits, in two draws: each one costs.
        long high = random.nextLong();
        long low = random.nextLong();
        for (int i = 0; i < 8; i++) {
            text.append(ALPHABET.charAt((int) (high >>> (5 * i)) & 31));
        }
        for (int i = 0; i < 8; i++) {
            text.append(ALPHABET.charAt((int) (low >>> (5 * i)) & 31));
        }
        return text.toString();
    }

    /** Checks the form {@code <prefix>[0-9a-z]{26}}. */
    static boolean isValid(String prefix, String text) {
        if (text.length() != prefix.length() + 26 || !text.startsWith(prefix)) {
            return false;
        }
        for (int i = prefix.length(); i < text.length(); i++) {
            char c = text.charAt(i);
            if ((c < '0' || c > '9') && (c < 'a' || c > 'z')) {
                return false;
            }
        }
        return true;
    }
}
