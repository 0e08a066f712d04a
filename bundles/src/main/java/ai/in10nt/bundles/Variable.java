package ai.in10nt.bundles;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One variable of an integration.
 *
 * @param isSecret its value is never shown, and masked where it appears
 * @param isUrl it must be the address of a server; only its path may follow
 * @param usual what values usually look like; absent: anything
 * @param hint said of a value that doesn't look so; the value is taken all the same
 */
public record Variable(
        String name,
        boolean isRequired,
        boolean isSecret,
        boolean isUrl,
        @Nullable Pattern usual,
        String hint) {

    /** The longest value, in bytes of UTF-8. */
    public static final int MAX_BYTES = 8 * 1024;

    public static Variable secret(String name) {
        return new Variable(name, true, true, false, null, "");
    }

    public static Variable plain(String name) {
        return new Variable(name, true, false, false, null, "");
    }

    public static Variable url(String name) {
        return new Variable(name, true, false, true, Pattern.compile("https://.*"), "should begin with https://");
    }

    public Variable optional() {
        return new Variable(name, false, isSecret, isUrl, usual, hint);
    }

    public Variable usually(String pattern, String hint) {
        return new Variable(name, isRequired, isSecret, isUrl, Pattern.compile(pattern), hint);
    }

    /** Why a value can't be right. It isn't repeated: it may be a secret. */
    public Optional<String> impossible(String value) {
        if (value.isBlank()) {
            return Optional.of("must not be empty");
        }
        if (value.getBytes(StandardCharsets.UTF_8).length > MAX_BYTES) {
            return Optional.of("must have at most 8 KiB");
        }
        if (value.chars().anyMatch(Character::isISOControl)) {
            return Optional.of("must not contain control characters; is there a line break at its end?");
        }
        return isUrl && !isAddress(value)
                ? Optional.of("must be a URL such as https://example.atlassian.net")
                : Optional.empty();
    }

    private static boolean isAddress(String value) {
        try {
            var url = new URI(value);
            return ("https".equalsIgnoreCase(url.getScheme()) || "http".equalsIgnoreCase(url.getScheme()))
                    && url.getHost() != null
                    && url.getUserInfo() == null
                    && url.getQuery() == null
                    && url.getFragment() == null;
        } catch (URISyntaxException e) {
            return false;
        }
    }

    /** Why a value looks wrong, though it may be right. */
    public Optional<String> odd(String value) {
        return usual == null || usual.matcher(value).matches() ? Optional.empty() : Optional.of(hint);
    }
}
