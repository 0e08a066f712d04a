package ai.in10nt.machines;

import java.security.SecureRandom;
import java.util.HexFormat;

/** Ids in the forms that Fly's have. */
final class Tokens {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final String LOWER = "0123456789abcdefghijklmnopqrstuvwxyz";
    private static final String CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    private Tokens() {}

    /** 14 hex digits. */
    static String machine() {
        var bytes = new byte[7];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** 12 hex digits, as leases have. */
    static String nonce() {
        return machine().substring(0, 12);
    }

    static String lowerCase(int length) {
        return random(LOWER, length);
    }

    /** 26 characters that sort by time. */
    static String ulid() {
        long millis = System.currentTimeMillis();
        var text = new StringBuilder();
        for (int shift = 45; shift >= 0; shift -= 5) {
            text.append(CROCKFORD.charAt((int) (millis >>> shift) & 31));
        }
        return text + random(CROCKFORD, 16);
    }

    /** Later ones sort after earlier ones. */
    static String sortable(int length) {
        return ulid().toLowerCase(java.util.Locale.ROOT).substring(0, length);
    }

    private static String random(String alphabet, int length) {
        var text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(alphabet.charAt(RANDOM.nextInt(alphabet.length())));
        }
        return text.toString();
    }
}
