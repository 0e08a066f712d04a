package ai.in10nt.benchmarks;

import java.net.InetSocketAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Creating instances, against what the agent alone needs to start in the same sandbox. */
final class Machines {
    private static final int COUNT = 5;
    private static final Duration PATIENCE = Duration.ofSeconds(40);
    /** Starts wait for their turns. */
    private static final Duration PACED = Duration.ofMinutes(3);

    private Machines() {}

    static Row coldStart(Target target) {
        var ours = new long[COUNT];
        var alone = new long[COUNT];
        for (int i = -1; i < COUNT; i++) {
            long created = createToHealthy(target, "cold-" + i);
            long agent = agentAlone(target);
            if (i >= 0) {
                ours[i] = created;
                alone[i] = agent;
            }
        }
        var our = new Times(ours);
        var peer = new Times(alone);
        return Row.ratio(
                "create → healthy, p50 of " + COUNT,
                Row.ms(our.p50()),
                "OpenCode's own cold start in the same sandbox: " + Row.ms(peer.p50()),
                our.p50() / peer.p50(),
                1.3,
                1.1);
    }

    private static long createToHealthy(Target target, String name) {
        long began = System.nanoTime();
        var created = target.api("POST", "/instances", Map.of("name", name, "description", "a benchmark"))
                .is(201);
        if (!created.text("status").equals("healthy")) {
            throw new IllegalStateException("not healthy: " + created.body());
        }
        long took = System.nanoTime() - began;
        target.destroy(created.text("instanceId"));
        return took;
    }

    /** From the order for a machine to OpenCode's listening, with nothing of ours around it, on an empty volume. */
    private static long agentAlone(Target target) {
        var app = "/v1/apps/in10nt";
        var volume = target.fly("POST", app + "/volumes", Map.of("name", "bench", "region", "iad", "size_gb", 1))
                .is(200)
                .text("id");
        var program = "mkdir -p /data/home && cd /workspace && HOME=/data/home exec /opt/in10nt/opencode serve"
                + " --hostname 0.0.0.0 --port 3000";
        var config = Map.of(
                "image", "in10nt/agent:local",
                "guest", Map.of("cpu_kind", "shared", "cpus", 4, "memory_mb", 1024),
                "init", Map.of("exec", List.of("/bin/sh", "-c", program)),
                "restart", Map.of("policy", "no"),
                "mounts", List.of(Map.of("volume", volume, "path", "/data")));
        long began = System.nanoTime();
        var machine = target.fly("POST", app + "/machines", Map.of("region", "iad", "config", config))
                .is(200);
        var address = machine.text("private_ip");
        while (!listens(address)) {
            if (System.nanoTime() - began > PATIENCE.toNanos()) {
                throw new IllegalStateException("the agent alone never listened: "
                        + target.fly("GET", app + "/machines/" + machine.text("id"), null)
                                .body());
            }
            Target.pause(Duration.ofMillis(10));
        }
        long took = System.nanoTime() - began;
        target.fly("DELETE", app + "/machines/" + machine.text("id") + "?force=true", null)
                .is(200);
        while (target.fly("DELETE", app + "/volumes/" + volume, null).status() != 200) {
            Target.pause(Duration.ofMillis(100));
        }
        return took;
    }

    /** Ready as the agent server means it: OpenCode says so itself. */
    private static boolean listens(String address) {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(address, 3000), 200);
            socket.setSoTimeout(2000);
            socket.getOutputStream()
                    .write("GET /global/health HTTP/1.0\r\n\r\n".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readNBytes(15), java.nio.charset.StandardCharsets.US_ASCII)
                    .contains(" 200");
        } catch (java.io.IOException notYet) {
            return false;
        }
    }

    private static boolean becomesHealthy(Target target, String instance) {
        for (int i = 0; i < PACED.toSeconds() * 10; i++) {
            var status = target.api("GET", "/instances/" + instance, null).text("status");
            if (status.equals("healthy") || status.equals("failed")) {
                return status.equals("healthy");
            }
            Target.pause(Duration.ofMillis(100));
        }
        return false;
    }

    static Row tenAtOnce(Target target) {
        var healthy = new ConcurrentHashMap<String, Long>();
        var threads = new ArrayList<Thread>();
        long began = System.nanoTime();
        for (int i = 0; i < 10; i++) {
            var name = "ten-" + i;
            threads.add(Thread.ofVirtual().start(() -> {
                var id = target.api("POST", "/instances", Map.of("name", name, "description", "a benchmark"))
                        .text("instanceId");
                if (becomesHealthy(target, id)) {
                    healthy.put(id, System.nanoTime() - began);
                } else {
                    target.destroy(id);
                }
            }));
        }
        try {
            for (var thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            throw Target.interrupted(e);
        }
        var last = healthy.values().stream().max(Comparator.naturalOrder()).orElse(0L);
        healthy.keySet().forEach(target::destroy);
        return new Row(
                "ten creates at once",
                healthy.size() + " healthy, the last after " + Row.ms(last / 1e6),
                "Fly allows one create a second and three at once in an app: starts are paced so",
                healthy.size() + " of 10",
                "all healthy",
                "",
                healthy.size() == 10);
    }
}
