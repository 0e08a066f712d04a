package ai.in10nt.machines;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/** Tokens: the one from configuration may do everything; deploy tokens, which it proves, are for one app and a time. */
final class Access {
    /**
     * What a token is good for.
     *
     * @param app the only app; absent: all
     */
    record Scope(@Nullable String app) {}

    private static final String DEPLOY = "fm2_local_";

    private final byte[] token;

    Access(String token) {
        this.token = token.getBytes(StandardCharsets.UTF_8);
    }

    /** Empty: it isn't valid, or no longer. */
    Optional<Scope> scope(@Nullable String authorization) {
        var given = String.valueOf(authorization).replaceFirst("^(Bearer|FlyV1)\\s+(FlyV1\\s+)?", "");
        if (MessageDigest.isEqual(given.getBytes(StandardCharsets.UTF_8), token)) {
            return Optional.of(new Scope(null));
        }
        var parts = given.startsWith(DEPLOY) ? given.substring(DEPLOY.length()).split("\\.", -1) : new String[0];
        if (parts.length != 3
                || !parts[1].matches("\\d{1,15}")
                || !MessageDigest.isEqual(
                        sign(parts[0] + "." + parts[1]).getBytes(StandardCharsets.UTF_8),
                        parts[2].getBytes(StandardCharsets.UTF_8))
                || Instant.ofEpochSecond(Long.parseLong(parts[1])).isBefore(Instant.now())) {
            return Optional.empty();
        }
        return Optional.of(new Scope(parts[0]));
    }

    String deployToken(String app, Duration expiry) {
        var claim = app + "." + Instant.now().plus(expiry).getEpochSecond();
        return DEPLOY + claim + "." + sign(claim);
    }

    private String sign(String claim) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(token, "HmacSHA256"));
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(mac.doFinal(("deploy " + claim).getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
