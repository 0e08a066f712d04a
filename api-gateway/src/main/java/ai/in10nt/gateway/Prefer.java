package ai.in10nt.gateway;

import java.time.Duration;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** The {@code Prefer} header (RFC 7240): how long the gateway may hold a request for the settled state. */
final class Prefer {
    private static final Pattern WAIT = Pattern.compile("\\bwait\\s*=\\s*\"?(\\d{1,6})\"?", Pattern.CASE_INSENSITIVE);
    private static final Pattern ASYNC = Pattern.compile("\\brespond-async\\b", Pattern.CASE_INSENSITIVE);

    private Prefer() {}

    static Duration hold(@Nullable String prefer, Duration byDefault) {
        if (prefer == null) {
            return byDefault;
        }
        var wait = WAIT.matcher(prefer);
        if (wait.find()) {
            return Duration.ofSeconds(Math.min(Integer.parseInt(wait.group(1)), 3600));
        }
        return ASYNC.matcher(prefer).find() ? Duration.ZERO : byDefault;
    }
}
