package ai.in10nt.gateway;

import ai.in10nt.contracts.Json;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.UncheckedIOException;
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

/**
 * What lets a browser in without a key: for one port of one boot of one instance, for a while. Signed, so that every replica knows
 * it and none keeps it.
 */
@ApplicationScoped
class Tickets {
    /** In the place of a port. */
    static final int LOGS = 0;

    static final Duration VALID = Duration.ofMinutes(5);
    static final Duration COOKIE_VALID = Duration.ofHours(12);

    /**
     * What a ticket says.
     *
     * @param generation the boot of the instance that it was given for
     * @param isCookie a ticket that was used already, and is now kept by the browser
     * @param until seconds since 1970
     */
    record Ticket(String tenant, String instanceId, int port, int generation, boolean isCookie, long until) {
        boolean isFor(String instance, int onPort) {
            return instanceId.equals(instance) && port == onPort;
        }
    }

    /** One for each thread: looking one up takes longer than its work. */
    private final ThreadLocal<Mac> macs;

    Tickets(Keysets keysets) {
        var key = new SecretKeySpec(
                keysets.agentAccess().derived("tickets").getBytes(StandardCharsets.US_ASCII), "HmacSHA256");
        this.macs = ThreadLocal.withInitial(() -> mac(key));
    }

    String sign(Ticket ticket) {
        var text = Base64.getUrlEncoder().withoutPadding().encodeToString(Json.bytes(ticket));
        return text + "." + hmac(text);
    }

    /** What it says, if it is ours and not too old. */
    Optional<Ticket> read(@Nullable String signed, Instant now) {
        int dot = signed == null ? -1 : signed.indexOf('.');
        if (dot < 0 || signed == null || signed.length() > 1024) {
            return Optional.empty();
        }
        var text = signed.substring(0, dot);
        var expected = hmac(text).getBytes(StandardCharsets.US_ASCII);
        if (!MessageDigest.isEqual(signed.substring(dot + 1).getBytes(StandardCharsets.UTF_8), expected)) {
            return Optional.empty();
        }
        try {
            var ticket = Json.read(Base64.getUrlDecoder().decode(text), Ticket.class);
            return Optional.of(ticket).filter(valid -> valid.until() > now.getEpochSecond());
        } catch (UncheckedIOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static Mac mac(SecretKeySpec key) {
        try {
            var mac = Mac.getInstance("HmacSHA256");
            mac.init(key);
            return mac;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private String hmac(String text) {
        return Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString(macs.get().doFinal(text.getBytes(StandardCharsets.US_ASCII)));
    }
}
