package ai.in10nt.machines;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Reads and checks a machine's configuration, as far as it means something here; unknown fields are kept and echoed. */
final class Settings {
    private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h)?");
    private static final List<String> STOP_SIGNALS =
            List.of("SIGHUP", "SIGINT", "SIGQUIT", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGTERM");
    private static final List<String> MORE_SIGNALS =
            List.of("SIGABRT", "SIGALRM", "SIGFPE", "SIGILL", "SIGPIPE", "SIGSEGV", "SIGTRAP");
    /** fly-go sends numbers. */
    private static final Map<Integer, String> SIGNALS_BY_NUMBER = Map.ofEntries(
            Map.entry(1, "SIGHUP"),
            Map.entry(2, "SIGINT"),
            Map.entry(3, "SIGQUIT"),
            Map.entry(4, "SIGILL"),
            Map.entry(5, "SIGTRAP"),
            Map.entry(6, "SIGABRT"),
            Map.entry(8, "SIGFPE"),
            Map.entry(9, "SIGKILL"),
            Map.entry(10, "SIGUSR1"),
            Map.entry(11, "SIGSEGV"),
            Map.entry(12, "SIGUSR2"),
            Map.entry(13, "SIGPIPE"),
            Map.entry(14, "SIGALRM"),
            Map.entry(15, "SIGTERM"));

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
        for (var mount : config.path("mounts")) {
            var path = mount.path("path").asText("");
            if (!path.startsWith("/") || path.equals("/")) {
                throw FlyError.invalid("mounts: path must be absolute, and not /");
            }
            if (mount.path("volume").asText("").isEmpty()) {
                throw FlyError.invalid("mounts: volume is required");
            }
        }
        checkGuest(config.path("guest"));
        for (var file : config.path("files")) {
            if (!file.path("guest_path").asText("").startsWith("/")) {
                throw FlyError.invalid("files: guest_path must be absolute");
            }
            checkBase64(file.path("raw_value").asText(""));
        }
        stopSignal(config);
        duration(config.path("stop_config").path("timeout"), Duration.ZERO);
        var policy = config.path("restart").path("policy").asText("on-failure");
        if (!List.of("no", "always", "on-failure", "spot-price").contains(policy)) {
            throw FlyError.invalid("restart.policy must be no, on-failure or always");
        }
    }

    private static void checkGuest(JsonNode guest) {
        int cpus = guest.path("cpus").asInt(1);
        if (cpus < 1 || cpus > 16) {
            throw FlyError.invalid("guest.cpus must be between 1 and 16");
        }
        int memory = guest.path("memory_mb").asInt(256);
        if (memory < 256 || memory % 256 != 0) {
            throw FlyError.invalid("guest.memory_mb must be a multiple of 256, at least 256");
        }
        if (!List.of("shared", "performance").contains(guest.path("cpu_kind").asText("shared"))) {
            throw FlyError.invalid("guest.cpu_kind must be shared or performance");
        }
    }

    private static void checkBase64(String value) {
        try {
            Base64.getDecoder().decode(value);
        } catch (IllegalArgumentException e) {
            throw FlyError.invalid("files: raw_value must be base64");
        }
    }

    static String stopSignal(JsonNode config) {
        var signal = config.path("stop_config").path("signal");
        return signal.isMissingNode() || signal.asText().isEmpty() ? "SIGINT" : stopSignal("stop_config", signal);
    }

    static String stopSignal(String field, JsonNode given) {
        return signal(field, given, STOP_SIGNALS);
    }

    static String anySignal(JsonNode given) {
        var all = new ArrayList<>(STOP_SIGNALS);
        all.addAll(MORE_SIGNALS);
        return signal("signal", given, all);
    }

    private static String signal(String field, JsonNode given, List<String> allowed) {
        var name = given.isInt() ? SIGNALS_BY_NUMBER.getOrDefault(given.asInt(), "") : given.asText();
        var full = name.startsWith("SIG") ? name : "SIG" + name;
        if (!allowed.contains(full)) {
            throw FlyError.invalid(field + ": signal must be one of " + String.join(", ", allowed));
        }
        return full;
    }

    static int number(String field, String text, int least, int most) {
        try {
            int number = Integer.parseInt(text);
            if (number >= least && number <= most) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Refused below, like a number out of bounds.
        }
        throw FlyError.invalid(field + ": must be a whole number, " + least + " to " + most);
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
