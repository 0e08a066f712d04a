package ai.in10nt.gateway;

import ai.in10nt.contracts.VmSize;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What {@code POST /instances} asks for, checked. */
record InstanceRequest(
        String name,
        String description,
        String agentType,
        String vmSize,
        String region,
        Map<String, String> env,
        Map<String, String> labels,
        @Nullable Integer autoStopMinutes,
        @Nullable Integer ttlMinutes,
        boolean uniqueName,
        IntegrationRequest integrations) {

    /** Fly's regions as of 2025-10-16. */
    static final Set<String> REGIONS = Set.of(
            "ams", "arn", "bom", "cdg", "dfw", "ewr", "fra", "gru", "iad", "jnb", "lax", "lhr", "nrt", "ord", "sin",
            "sjc", "syd", "yyz");

    private static final Pattern VARIABLE = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    private static final int MAX_ENV_BYTES = 256 * 1024;
    /** Thirty days. */
    private static final int MAX_IDLE_MINUTES = 43_200;
    /** A year. */
    private static final int MAX_TTL_MINUTES = 525_600;

    static InstanceRequest from(Body body) {
        var request = new InstanceRequest(
                name(body),
                description(body),
                body.text(
                        "agentType",
                        "opencode",
                        List.of("opencode", "moltbot")::contains,
                        "must be opencode or moltbot"),
                body.text(
                        "vmSize",
                        "shared-cpu-4x",
                        size -> VmSize.named(size).isPresent(),
                        "must be one of " + String.join(", ", VmSize.names())),
                body.text(
                        "region",
                        "iad",
                        REGIONS::contains,
                        "must be one of "
                                + String.join(", ", REGIONS.stream().sorted().toList())),
                env(body),
                labels(body),
                minutes(body, "autoStopMinutes", MAX_IDLE_MINUTES),
                minutes(body, "ttlMinutes", MAX_TTL_MINUTES),
                body.flag("uniqueName", "uniqueName", false),
                IntegrationRequest.ofCreate(body));
        for (var field : List.of("containerTemplateId", "templateId", "vmImage", "snapshotId")) {
            body.notBuilt(field);
        }
        body.done();
        request.integrations.refuseUnlessFor(request.agentType);
        if (request.agentType.equals("moltbot")) {
            throw Problem.notBuilt(
                    List.of(new Problem.FieldError("agentType", "moltbot isn't built yet; use opencode")));
        }
        return request;
    }

    private static @Nullable Integer minutes(Body body, String field, int max) {
        return body.integer(field, field, 1, max).map(Long::intValue).orElse(null);
    }

    private static String name(Body body) {
        var name = body.required("name", "is required: 1 to 64 characters");
        if (!name.isEmpty() || body.text("name").isPresent()) {
            check(body, name);
        }
        return name;
    }

    private static void check(Body body, String name) {
        int length = name.codePointCount(0, name.length());
        if (length < 1 || length > 64) {
            body.wrong("name", "must have 1 to 64 characters");
        } else if (name.codePoints().anyMatch(InstanceRequest::isUnprintable)) {
            body.wrong("name", "must not contain control characters");
        } else if (isSpace(name.codePointAt(0)) || isSpace(name.codePointBefore(name.length()))) {
            body.wrong("name", "must not begin or end with white space");
        }
    }

    private static boolean isSpace(int codePoint) {
        return Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint);
    }

    private static boolean isUnprintable(int codePoint) {
        return switch (Character.getType(codePoint)) {
            case Character.CONTROL,
                    Character.SURROGATE,
                    Character.UNASSIGNED,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> true;
            default -> false;
        };
    }

    private static String description(Body body) {
        var description = body.required("description", "is required: what the instance is for");
        if (Body.utf8(description) > 4096) {
            body.wrong("description", "must have at most 4096 bytes");
        }
        if (description.indexOf('\0') >= 0) {
            body.wrong("description", "must not contain NUL");
        }
        return description;
    }

    private static Map<String, String> env(Body body) {
        var env = body.map("env");
        if (env.size() > 256) {
            body.wrong("env", "must have at most 256 variables");
        }
        long bytes = 0;
        for (var variable : env.entrySet()) {
            bytes += Body.utf8(variable.getKey()) + Body.utf8(variable.getValue());
            if (!VARIABLE.matcher(variable.getKey()).matches()) {
                body.wrong("env", "has a name that isn't letters, digits and _, not beginning with a digit");
            } else if (variable.getKey().startsWith("IN10NT_")) {
                body.wrong("env." + variable.getKey(), "names beginning with IN10NT_ are the platform's own");
            } else if (variable.getValue().indexOf('\0') >= 0) {
                body.wrong("env." + variable.getKey(), "must not contain NUL");
            }
        }
        if (bytes > MAX_ENV_BYTES) {
            body.wrong("env", "must have at most 256 KiB in all");
        }
        return env;
    }

    private static Map<String, String> labels(Body body) {
        var labels = body.map("labels");
        if (labels.size() > 64) {
            body.wrong("labels", "must have at most 64 entries");
        }
        labels.forEach((key, value) -> {
            if (key.isEmpty() || Body.utf8(key) > 63 || key.indexOf('\0') >= 0) {
                body.wrong("labels", "has a key that isn't 1 to 63 bytes long");
            } else if (Body.utf8(value) > 256 || value.indexOf('\0') >= 0) {
                body.wrong("labels." + key, "must have at most 256 bytes");
            }
        });
        return labels;
    }

    /** The variables' values are secrets. */
    @Override
    public String toString() {
        return "InstanceRequest[" + name + ", " + env.keySet() + "]";
    }
}
