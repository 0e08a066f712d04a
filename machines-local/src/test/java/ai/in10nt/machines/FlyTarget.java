package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Whom the contract is held against: machines-local always; Fly itself where {@code FLY_API_TOKEN} is set (then also
 * {@code FLY_ORG}, {@code FLY_APP}, {@code FLY_IMAGE}, {@code FLY_REGION}).
 */
record FlyTarget(String name, FlyClient fly, boolean isLocal, String app, String org, String image, String region) {
    private static final class Local {
        static final FlyTarget TARGET = start();

        private static FlyTarget start() {
            try {
                var local = new LocalFly(null);
                Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                    try {
                        local.close();
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                }));
                var target = new FlyTarget(
                        "machines-local", local.client(), true, "contract", "personal", "debian:12-slim", "iad");
                target.fly
                        .post("/v1/apps", Map.of("app_name", target.app, "org_slug", target.org))
                        .is(201);
                return target;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    static List<FlyTarget> targets() {
        var targets = new ArrayList<>(List.of(Local.TARGET));
        var env = System.getenv();
        if (env.containsKey("FLY_API_TOKEN")) {
            targets.add(new FlyTarget(
                    "Fly",
                    new FlyClient(
                            env.getOrDefault("FLY_FLAPS_BASE_URL", "https://api.machines.dev"),
                            Objects.requireNonNull(env.get("FLY_API_TOKEN"))),
                    false,
                    Objects.requireNonNull(env.get("FLY_APP"), "FLY_APP"),
                    env.getOrDefault("FLY_ORG", "personal"),
                    env.getOrDefault("FLY_IMAGE", "debian:12-slim"),
                    env.getOrDefault("FLY_REGION", "iad")));
        }
        return targets;
    }

    static List<FlyTarget> local() {
        return List.of(Local.TARGET);
    }

    String machines() {
        return "/v1/apps/" + app + "/machines";
    }

    String volumes() {
        return "/v1/apps/" + app + "/volumes";
    }

    String machine(String id) {
        return machines() + "/" + id;
    }

    static String unique() {
        return "c" + Long.toString(ThreadLocalRandom.current().nextLong(36L * 36 * 36 * 36 * 36 * 36 * 36), 36);
    }

    /** A small machine whose program waits for the end. */
    Map<String, Object> config() {
        return config("trap 'exit 0' INT TERM; while :; do sleep 0.05; done");
    }

    Map<String, Object> config(String program) {
        var config = new HashMap<String, Object>();
        config.put("image", image);
        config.put("init", Map.of("exec", List.of("/bin/sh", "-c", program)));
        config.put("guest", Map.of("cpu_kind", "shared", "cpus", 1, "memory_mb", 256));
        config.put("metadata", Map.of("contract", "yes"));
        config.put("restart", Map.of("policy", "no"));
        return config;
    }

    FlyClient.Answer create(Map<String, Object> config, Map<String, Object> more) {
        var request = new HashMap<String, Object>(Map.of("name", unique(), "region", region, "config", config));
        request.putAll(more);
        return fly.post(machines(), request);
    }

    /** The id of one that is made and prepared, but wasn't launched. */
    String resting() {
        var id = create(config(), Map.of("skip_launch", true)).is(200).text("id");
        await(id, "stopped");
        return id;
    }

    String started() {
        var id = create(config(), Map.of()).is(200).text("id");
        await(id, "started");
        return id;
    }

    JsonNode await(String id, String state) {
        for (int i = 0; i < 5; i++) {
            var answer = fly.get(machine(id) + "/wait?timeout=60&state=" + state);
            if (answer.status() != 408) {
                return answer.is(200).body();
            }
        }
        throw new AssertionError(
                id + " isn't " + state + ": " + fly.get(machine(id)).text());
    }

    void destroy(String id) {
        fly.delete(machine(id) + "?force=true").is(200);
    }

    String volume() {
        return fly.post(volumes(), Map.of("name", unique(), "region", region, "size_gb", 1))
                .is(200)
                .text("id");
    }

    /** Mounts a volume. */
    Map<String, Object> configOn(String volume) {
        var config = config();
        config.put("mounts", List.of(Map.of("volume", volume, "path", "/data")));
        return config;
    }

    void fault(Map<String, Object> fault) {
        fly.post("/_faults", Json.text(fault)).is(201);
    }

    @Override
    public String toString() {
        return name;
    }
}
