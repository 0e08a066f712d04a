package ai.in10nt.machines;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/** Troubles that callers of Fly meet, asked for by {@code POST /_faults}; kept in memory, so a restart ends them. */
final class Faults {
    /** What goes wrong, and where unless told otherwise: method and path are regular expressions. */
    enum Kind {
        CAPACITY("POST", "/machines$", 422, "insufficient_capacity", "could not find a candidate host"),
        HOST_FULL("POST", "/machines/[^/]+(/start)?$", 409, "aborted: insufficient CPUs available to fulfill request"),
        VOLUME_CAPACITY("POST", "/volumes$", 409, "aborted: no capacity"),
        VOLUME_HOST_FULL(
                "POST",
                "/machines$",
                412,
                "volume_placement_capacity",
                "insufficient resources to create new machine with existing volume"),
        CONCURRENT_UPDATE("POST", "/machines/[^/]+$", 409, "aborted: machine update failed due to concurrent update"),
        NOT_NOW("POST", "/start$", 412, "failed_precondition: machine getting replaced, refusing to start"),
        QUOTA("POST", "/machines$", 422, "your organization has reached the limit of machines"),
        RATE_LIMIT(".*", ".*", 429, "rate limit exceeded"),
        UNAVAILABLE(".*", ".*", 503, "upstream service unavailable"),
        /** The work is done, and the connection closed without an answer. */
        LOST_ANSWER("POST|PUT|PATCH|DELETE", ".*", 0, ""),
        EMPTY_LIST("GET", "/machines$", 0, ""),
        /** The image takes {@code seconds}: the machine stays {@code created}. */
        SLOW_IMAGE("POST", "/machines$", 0, ""),
        /** It boots, and its program never listens. */
        NEVER_READY("POST", "/machines$", 0, ""),
        /** The host of {@code machine} is gone, and the machine with it, until the fault is taken back. */
        DEAD_HOST("never", "never", 0, ""),
        /** Fly's documented limits hold; a laptop's caller doesn't meet them otherwise. */
        ENFORCE_RATE_LIMITS(".*", ".*", 0, ""),
        /** Any {@code status} and {@code error}, at the {@code path}. */
        ERROR(".*", ".*", 500, "internal: fault");

        private final String method;
        private final String path;
        private final int status;
        private final @Nullable String code;
        private final String text;

        Kind(String method, String path, int status, String text) {
            this(method, path, status, null, text);
        }

        Kind(String method, String path, int status, @Nullable String code, String text) {
            this.method = method;
            this.path = path;
            this.status = status;
            this.code = code;
            this.text = text;
        }

        static Kind named(String text) {
            return Arrays.stream(values())
                    .filter(kind -> kind.name().toLowerCase(Locale.ROOT).equals(text))
                    .findFirst()
                    .orElseThrow(() -> FlyError.invalid(
                            "kind must be one of " + Arrays.toString(values()).toLowerCase(Locale.ROOT)));
        }
    }

    /**
     * One that waits to be met.
     *
     * @param times how often it is met; 0: until it is taken back
     * @param region only requests that name this region
     * @param retryAfter seconds, sent as {@code Retry-After}
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Fault(
            String id,
            String kind,
            String method,
            String path,
            int times,
            @Nullable String machine,
            @Nullable String region,
            @JsonProperty("retry_after") @Nullable Integer retryAfter,
            int seconds,
            int status,
            @Nullable String code,
            String error) {

        boolean is(Kind other) {
            return Kind.named(kind) == other;
        }

        boolean meets(String method, String path, @Nullable String region) {
            return Pattern.matches(this.method, method)
                    && Pattern.compile(this.path).matcher(path).find()
                    && (this.region == null || this.region.equals(region));
        }

        Fault once() {
            return new Fault(
                    id, kind, method, path, times - 1, machine, region, retryAfter, seconds, status, code, error);
        }

        FlyError refusal() {
            return code == null ? FlyError.of(status, error) : FlyError.of(status, code, error);
        }
    }

    private final List<Fault> faults = new CopyOnWriteArrayList<>();

    List<Fault> list() {
        return List.copyOf(faults);
    }

    Fault add(JsonNode request) {
        var kind = Kind.named(request.path("kind").asText());
        var retryAfter = request.path("retry_after");
        var fault = new Fault(
                Tokens.lowerCase(8),
                request.path("kind").asText(),
                pattern("method", request.path("method").asText(kind.method)),
                pattern("path", request.path("path").asText(kind.path)),
                Settings.number("times", request.path("times").asText("1"), 0, 1_000_000),
                request.path("machine").asText(null),
                request.path("region").asText(null),
                retryAfter.isInt() ? retryAfter.asInt() : null,
                Settings.number("seconds", request.path("seconds").asText("5"), 0, 3600),
                Settings.number("status", request.path("status").asText(String.valueOf(kind.status)), 0, 599),
                request.path("code").asText(kind.code),
                request.path("error").asText(kind.text));
        if (kind == Kind.DEAD_HOST && fault.machine() == null) {
            throw FlyError.invalid("dead_host needs the machine's id: {\"kind\":\"dead_host\",\"machine\":…}");
        }
        faults.add(fault);
        return fault;
    }

    private static String pattern(String field, String text) {
        try {
            return Pattern.compile(text).pattern();
        } catch (PatternSyntaxException e) {
            throw FlyError.invalid(field + " must be a regular expression");
        }
    }

    /** Takes one back, or all. */
    void remove(@Nullable String id) {
        if (!faults.removeIf(fault -> id == null || fault.id().equals(id)) && id != null) {
            throw FlyError.of(404, "fault not found");
        }
    }

    /** The first of the kinds that this request meets; one of its times is used up. */
    synchronized Optional<Fault> meet(List<Kind> kinds, String method, String path, @Nullable String region) {
        var met = faults.stream()
                .filter(fault -> kinds.stream().anyMatch(fault::is) && fault.meets(method, path, region))
                .findFirst();
        met.filter(fault -> fault.times() > 0).ifPresent(fault -> {
            if (fault.times() == 1) {
                faults.remove(fault);
            } else {
                faults.set(faults.indexOf(fault), fault.once());
            }
        });
        return met;
    }

    boolean isHostDead(String machine) {
        return faults.stream().anyMatch(fault -> fault.is(Kind.DEAD_HOST) && machine.equals(fault.machine()));
    }

    boolean areLimitsEnforced(String method, String path) {
        return faults.stream().anyMatch(fault -> fault.is(Kind.ENFORCE_RATE_LIMITS) && fault.meets(method, path, null));
    }

    static Duration delay(Fault fault) {
        return Duration.ofSeconds(fault.seconds());
    }
}
