package ai.in10nt.bundles;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * How a partner is asked whether values are right. Nothing is sent from here: what is to be asked, and what an answer means.
 *
 * @param partner in lower case: the name of its base URL in the configuration, and of its metrics
 * @param baseUrl of its API, unless configured; a variable in braces is one of the values
 * @param needs variables without which it isn't asked
 * @param requests one after the other, where the one before isn't known there (404)
 */
public record Verification(
        String partner,
        String baseUrl,
        Set<String> needs,
        Function<Map<String, String>, List<Request>> requests,
        Function<Reply, Verdict> read) {

    /**
     * One request without a body. Path and headers may hold secrets, so it has no text.
     *
     * @param path below the base URL, encoded
     */
    public record Request(String method, String path, Map<String, String> headers) {
        public static Request get(String path, Map<String, String> headers) {
            return new Request("GET", path, headers);
        }

        @Override
        public String toString() {
            return "Request[" + method + "]";
        }
    }

    /**
     * What came back.
     *
     * @param headers the first value of each, names in lower case
     */
    public record Reply(int status, Map<String, String> headers, String body) {}

    /** What an answer means. Reasons are the partner's own words. */
    public sealed interface Verdict {
        /**
         * The values are right.
         *
         * @param warnings scopes that are missing, and the like
         */
        record Valid(List<String> warnings) implements Verdict {}

        record Invalid(String reason) implements Verdict {}

        /** It couldn't say. */
        record Unknown(String reason) implements Verdict {}
    }

    public static Verdict valid() {
        return new Verdict.Valid(List.of());
    }

    /** For whatever a partner doesn't say itself. */
    public static Verdict byStatus(Reply reply, String reason) {
        return switch (reply.status()) {
            case 200 -> valid();
            case 400, 401, 403, 404 -> new Verdict.Invalid(reason.isEmpty() ? "status " + reply.status() : reason);
            case 429 ->
                new Verdict.Unknown("asked too often"
                        + Optional.ofNullable(reply.headers().get("retry-after"))
                                .map(seconds -> "; again in " + seconds + " s")
                                .orElse(""));
            default -> new Verdict.Unknown("status " + reply.status());
        };
    }

    public static String bearer(String token) {
        return "Bearer " + token;
    }

    public static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    /** For a place in a path. */
    public static String encoded(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8).replace("+", "%20");
    }
}
