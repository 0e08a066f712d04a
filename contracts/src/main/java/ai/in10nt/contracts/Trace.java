package ai.in10nt.contracts;

import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What ties all messages, log lines and calls together that one request brought about.
 *
 * @param traceparent W3C trace context
 * @param requestId the request's {@code X-Request-Id}; absent where none brought it about
 */
public record Trace(String traceparent, @Nullable String requestId) {
    private static final Pattern TRACEPARENT = Pattern.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}");

    /** The caller's, continued; a new one where it sends none that is valid. */
    public static Trace of(@Nullable String traceparent, String requestId) {
        return new Trace(traceparent != null && isValid(traceparent) ? traceparent : fresh(), requestId);
    }

    private static boolean isValid(String traceparent) {
        return TRACEPARENT.matcher(traceparent).matches()
                && !traceparent.startsWith("00-" + "0".repeat(32))
                && !traceparent.contains("-" + "0".repeat(16) + "-");
    }

    private static String fresh() {
        var bytes = new byte[24];
        ThreadLocalRandom.current().nextBytes(bytes);
        var hex = HexFormat.of().formatHex(bytes);
        return "00-" + hex.substring(0, 32) + "-" + hex.substring(32) + "-01";
    }

    /** 32 hex digits, the same for all of it. */
    public String traceId() {
        return traceparent.length() > 35 ? traceparent.substring(3, 35) : "";
    }
}
