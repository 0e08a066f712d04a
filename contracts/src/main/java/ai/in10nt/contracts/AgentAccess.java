package ai.in10nt.contracts;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Base64;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Derives the bearer tokens of agent servers from one secret, so that no token ever travels through Kafka or is stored: HMAC of
 * the instance's id and generation. A token of an older generation is another token.
 */
public final class AgentAccess {
    /** Carries an agent server's token where {@code Authorization} is the request's own. */
    public static final String HEADER = "In10nt-Agent-Token";
    /** An answer is the agent server's own refusal, and not what a server in the machine says; its value is the code. */
    public static final String PROBLEM_HEADER = "In10nt-Agent-Problem";

    private final SecretKeySpec key;

    /** @param secret at least 32 bytes of randomness, base64 */
    public AgentAccess(String secret) {
        var bytes = Base64.getDecoder().decode(secret.strip());
        if (bytes.length < 32) {
            throw new IllegalArgumentException("the agent-access key is shorter than 32 bytes");
        }
        this.key = new SecretKeySpec(bytes, "HmacSHA256");
    }

    public String token(InstanceId instance, int generation) {
        return hmac("agent\n" + instance.value() + "\n" + generation);
    }

    /** The token with which one service asks another for what events carry only the beginning of. */
    public String serviceToken(String service) {
        return hmac("service\n" + service);
    }

    /** Whether the value of an {@code Authorization} header is that token. */
    public boolean isService(String service, @Nullable String authorization) {
        var expected = ("Bearer " + serviceToken(service)).getBytes(StandardCharsets.UTF_8);
        return authorization != null && MessageDigest.isEqual(authorization.getBytes(StandardCharsets.UTF_8), expected);
    }

    /** Tells the machines of this installation from those of another in the same account; no secret. */
    public String installation() {
        return hmac("installation").substring(0, 16);
    }

    /** 256 bits for a purpose, the same for the same purpose; base64url. */
    public String derived(String purpose) {
        return hmac("derived\n" + purpose);
    }

    private String hmac(String text) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }
}
