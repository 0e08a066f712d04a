package ai.in10nt.machines;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.regex.Pattern;

/** Reads and checks a machine's configuration, as far as it means something here; unknown fields are kept and echoed. */
final class Settings {
    private static final Pattern DURATION = Pattern.compile("(\\d+)(ms|s|m|h)?");

    private Settings() {}

    static void check(JsonNode config) {
        if (!config.isObject()) {
            throw FlyError.invalid("config is required");
        }
        if (config.path("image").asText("").isEmpty()) {
            throw FlyError.invalid("config.image is required");
        }
        if (config.path("mounts").size() > 1) {
            throw FlyError.invalid("a machine can have at most one volume");
        }
        int memory = config.path("guest").path("memory_mb").asInt(256);
        if (memory < 256 || memory % 256 != 0) {
            throw FlyError.invalid("memory_mb must be a multiple of 256, at least 256");
        }
        for (var file : config.path("files")) {
            if (!file.path("guest_path").asText("").startsWith("/")) {
                throw FlyError.invalid("files: guest_path must be absolute");
            }
        }
    }

    static String stopSignal(JsonNode config) {
        return config.path("stop_config").path("signal").asText("SIGINT");
    }

    /** A Go duration such as {@code "10s"}, or a number of seconds; {@code "0s"} and absent are the default. */
    static Duration duration(JsonNode value, Duration byDefault) {
        if (value.isNumber()) {
            return value.asLong() == 0 ? byDefault : Duration.ofSeconds(value.asLong());
        }
        if (!value.isTextual() || value.asText().isEmpty()) {
            return byDefault;
        }
        var match = DURATION.matcher(value.asText());
        if (!match.matches()) {
            throw FlyError.invalid("not a duration: " + value.asText());
        }
        long amount = Long.parseLong(match.group(1));
        var unit = match.group(2) == null ? "s" : match.group(2);
        var duration = switch (unit) {
            case "ms" -> Duration.ofMillis(amount);
            case "m" -> Duration.ofMinutes(amount);
            case "h" -> Duration.ofHours(amount);
            default -> Duration.ofSeconds(amount);
        };
        return duration.isZero() ? byDefault : duration;
    }
}
