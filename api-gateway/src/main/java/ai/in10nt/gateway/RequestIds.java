package ai.in10nt.gateway;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.TaskId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.Base64;
import java.util.Optional;

/**
 * The ids that one request gives out: random, or derived from its idempotency key, so that the same request makes the same
 * command again, on any replica and after a crash, and the owner decides it once.
 */
final class RequestIds {
    private static final String ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz";

    private static final SecureRandom RANDOM = new SecureRandom();

    private final Optional<String> seed;
    private final Instant at;
    private boolean isOnItsWay;
    private Runnable whenOnItsWay = () -> {};

    private RequestIds(Optional<String> seed, Instant at) {
        this.seed = seed;
        this.at = at;
    }

    static RequestIds random() {
        return new RequestIds(Optional.empty(), Instant.EPOCH);
    }

    /** For a command that the same request sends before its own. */
    RequestIds before() {
        return new RequestIds(seed.map(text -> text + "\nbefore"), at);
    }

    static RequestIds derived(String seed, Instant at) {
        return new RequestIds(Optional.of(seed), at);
    }

    /** The request may have been made before. */
    boolean isRepeatable() {
        return seed.isPresent();
    }

    /** When this request was made first; now, where it can't be told apart from others. */
    Instant firstAskedAt(Instant now) {
        return seed.isPresent() ? at : now;
    }

    InstanceId instance() {
        return seed.map(text -> new InstanceId("inst_" + derive("instance", text)))
                .orElseGet(InstanceId::mint);
    }

    TaskId task() {
        return seed.map(text -> new TaskId("task_" + derive("task", text))).orElseGet(TaskId::mint);
    }

    String command() {
        return seed.map(text -> "cmd_" + derive("command", text)).orElseGet(Ids::command);
    }

    String key() {
        return seed.map(text -> "key_" + derive("key", text)).orElseGet(Ids::key);
    }

    /** 256 bits that only who has the access can derive again. */
    String secret(AgentAccess access) {
        return seed.map(text -> access.derived("api-key\n" + at + "\n" + text)).orElseGet(RequestIds::randomSecret);
    }

    private static String randomSecret() {
        var bytes = new byte[32];
        RANDOM.nextBytes(bytes);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    }

    /** The command is a row: from now on the request can't be undone. */
    void onItsWay() {
        if (!isOnItsWay) {
            isOnItsWay = true;
            whenOnItsWay.run();
        }
    }

    void whenOnItsWay(Runnable action) {
        whenOnItsWay = action;
    }

    boolean isOnItsWay() {
        return isOnItsWay;
    }

    /** In the form of a ULID: the time of the first request, then 80 bits of the hash. */
    private String derive(String kind, String text) {
        try {
            var hash = MessageDigest.getInstance("SHA-256")
                    .digest((kind + "\n" + at + "\n" + text).getBytes(StandardCharsets.UTF_8));
            var id = new StringBuilder(26);
            for (int shift = 45; shift >= 0; shift -= 5) {
                id.append(ALPHABET.charAt((int) (at.toEpochMilli() >>> shift) & 31));
            }
            for (int i = 0; i < 16; i++) {
                id.append(ALPHABET.charAt(hash[i] & 31));
            }
            return id.toString();
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
