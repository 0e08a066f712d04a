package ai.in10nt.provisioner;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.core.JsonProcessingException;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** A refusal by Fly, and the only place that says what to do next about each. The text decides, where the status doesn't. */
final class FlyProblem extends RuntimeException {
    /** What to do next. */
    enum Next {
        /** It doesn't exist (any more). */
        GONE,
        /** Another machine has the name: look whether it is ours. */
        ADOPT,
        /** No room in the region or on the volume's host. */
        NO_CAPACITY,
        /** Not now, or outcome unknown: look again, then repeat. */
        AGAIN,
        /** Repeating won't help: the request or the account is at fault. */
        GIVE_UP
    }

    private static final Pattern CLASH = Pattern.compile("machine ID ([0-9a-f]{14}) already exists");

    private final int status;
    private final Next next;
    private final String text;
    private static final Duration LONGEST = Duration.ofMinutes(1);

    private final @Nullable Duration retryAfter;

    FlyProblem(int status, String code, String text) {
        this(status, code, text, null);
    }

    FlyProblem(int status, String code, String text, @Nullable Duration retryAfter) {
        super("Fly answered " + status + ": " + text);
        this.status = status;
        this.text = text;
        this.next = classify(status, code, text.toLowerCase(Locale.ROOT));
        this.retryAfter = retryAfter;
    }

    static FlyProblem from(Response response) {
        var body = response.hasEntity() ? response.readEntity(String.class) : "";
        var text = body;
        var code = "";
        try {
            var json = Json.MAPPER.readTree(body);
            if (json != null && json.isObject()) {
                text = json.path("message").asText(json.path("error").asText(body));
                code = json.path("status").asText("");
            }
        } catch (JsonProcessingException _) {
            // Fly's router answers in plain text: the body is the message.
        }
        return new FlyProblem(response.getStatus(), code, text, retryAfter(response.getHeaderString("Retry-After")));
    }

    /** Seconds only: Fly sends no dates. */
    static @Nullable Duration retryAfter(@Nullable String header) {
        return header != null && header.strip().matches("\\d{1,5}")
                ? Duration.ofSeconds(Long.parseLong(header.strip()))
                : null;
    }

    /** How long Fly asks to stay away; a minute at most, because a wrong answer must not hold an instance for a day. */
    Optional<Duration> retryAfter() {
        return Optional.ofNullable(retryAfter).map(pause -> pause.compareTo(LONGEST) > 0 ? LONGEST : pause);
    }

    /** Whose name it is that was asked for. */
    Optional<String> clashingMachine() {
        var match = CLASH.matcher(text);
        return match.find() ? Optional.of(match.group(1)) : Optional.empty();
    }

    Next next() {
        return next;
    }

    int status() {
        return status;
    }

    private static Next classify(int status, String code, String text) {
        return switch (status) {
            case 404, 410 -> Next.GONE;
            case 400 -> text.contains("no capacity") ? Next.NO_CAPACITY : Next.GIVE_UP;
            case 403 -> Next.GIVE_UP;
            case 409 -> {
                if (text.contains("unique machine name violation")) {
                    yield Next.ADOPT;
                }
                yield text.contains("insufficient") || text.contains("no capacity") ? Next.NO_CAPACITY : Next.AGAIN;
            }
            case 412 -> code.equals("volume_placement_capacity") ? Next.NO_CAPACITY : Next.AGAIN;
            case 422 -> isCapacity(code, text) ? Next.NO_CAPACITY : Next.GIVE_UP;
            default -> Next.AGAIN;
        };
    }

    private static boolean isCapacity(@Nullable String code, String text) {
        return "insufficient_capacity".equals(code) || text.contains("could not find a candidate host");
    }
}
