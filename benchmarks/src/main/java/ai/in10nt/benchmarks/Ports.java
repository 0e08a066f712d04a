package ai.in10nt.benchmarks;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.InstanceId;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A server in an instance, through the gateway, beside nginx in the gateway's place: the same agent server is behind both. */
final class Ports {
    private static final int LARGE_MB = 100;
    private static final int ROUNDS = 9;
    private static final int COUNT = 3000;

    private Ports() {}

    static List<Row> of(Target target, Path home, int freePort) throws IOException {
        var instance = target.api("POST", "/instances", Map.of("name", "ports", "description", "a benchmark"))
                .is(201);
        var id = instance.text("instanceId");
        var nginx = nginx(home, freePort, instance.text("agentUrl"), token(home, instance));
        try {
            serve(target, id);
            var key = Map.of(
                    "Authorization", "Bearer " + target.status().path("apiKey").asText());
            var ours = target.status().path("baseUrl").asText() + "/instances/" + id + "/proxy/5173";
            var theirs = "http://127.0.0.1:" + freePort;
            return List.of(large(ours, key, theirs), small(ours, key, theirs));
        } finally {
            nginx.destroy();
            target.destroy(id);
        }
    }

    private static void serve(Target target, String id) {
        var script = "const large = Buffer.alloc(" + LARGE_MB + " << 20);"
                + " require(\"http\").createServer((q, a) => a.end(q.url === \"/large\" ? large : \"ok\")).listen(5173, \"127.0.0.1\");";
        target.api(
                        "POST",
                        "/instances/" + id + "/execute",
                        Map.of(
                                "command",
                                "nohup node -e '" + script + "' > /dev/null 2>&1 & for i in $(seq 100); do"
                                        + " (exec 3<>/dev/tcp/127.0.0.1/5173) 2>/dev/null && break; sleep 0.1; done"))
                .is(200);
    }

    private static String token(Path home, Target.Answer instance) throws IOException {
        return new AgentAccess(Files.readString(home.resolve("keys/agent-access.key")))
                .token(
                        new InstanceId(instance.text("instanceId")),
                        instance.body().path("generation").asInt());
    }

    private static Row large(String ours, Map<String, String> key, String theirs) throws IOException {
        var our = new long[ROUNDS];
        var their = new long[ROUNDS];
        try (var gateway = new Wire(ours + "/large", key);
                var nginx = new Wire(theirs + "/large", Map.of())) {
            for (int i = -4; i < ROUNDS; i++) {
                long one = took(gateway);
                long other = took(nginx);
                if (i >= 0) {
                    our[i] = one;
                    their[i] = other;
                }
            }
        }
        double mine = new Times(our).p50();
        double peer = new Times(their).p50();
        return Row.atLeast(
                LARGE_MB + " MiB from a port, p50 of " + ROUNDS,
                Math.round(LARGE_MB * 1.048576 / mine * 1000) + " MB/s",
                "nginx in the gateway's place: " + Math.round(LARGE_MB * 1.048576 / peer * 1000) + " MB/s",
                peer / mine,
                0.8,
                0.95);
    }

    private static long took(Wire wire) throws IOException {
        long began = System.nanoTime();
        if (wire.get() != (long) LARGE_MB << 20) {
            throw new IOException("a body of another length");
        }
        return System.nanoTime() - began;
    }

    private static long nanos(Wire wire) throws IOException {
        long began = System.nanoTime();
        wire.get();
        return System.nanoTime() - began;
    }

    private static Row small(String ours, Map<String, String> key, String theirs) throws IOException {
        var mine = new long[COUNT];
        var nginxs = new long[COUNT];
        // In turns, so that both meet the same machine.
        try (var gateway = new Wire(ours + "/small", key);
                var nginx = new Wire(theirs + "/small", Map.of())) {
            for (int i = -3 * COUNT; i < COUNT; i++) {
                long one = nanos(gateway);
                long other = nanos(nginx);
                if (i >= 0) {
                    mine[i] = one;
                    nginxs[i] = other;
                }
            }
        }
        var our = new Times(mine);
        var peer = new Times(nginxs);
        return Row.ratio(
                "a small answer from a port, p50",
                Row.ms(our.p50()),
                "nginx in the gateway's place: " + Row.ms(peer.p50()),
                our.p50() / peer.p50(),
                1.5,
                1.2);
    }

    private static Process nginx(Path home, int port, String agentUrl, String token) throws IOException {
        var agent = URI.create(agentUrl).getAuthority();
        var folder = Files.createDirectories(home.resolve("nginx"));
        Files.writeString(folder.resolve("nginx.conf"), """
                pid nginx.pid;
                error_log error.log;
                daemon off;
                worker_processes 2;
                events {}
                http {
                  access_log off;
                  keepalive_requests 1000000;
                  client_body_temp_path body;
                  proxy_temp_path proxy;
                  proxy_max_temp_file_size 0;
                  upstream agent { server %s; keepalive 16; }
                  server {
                    listen 127.0.0.1:%d;
                    location / {
                      proxy_pass http://agent/proxy/5173/;
                      proxy_http_version 1.1;
                      proxy_set_header Connection "";
                      proxy_set_header %s %s;
                    }
                  }
                }
                """.formatted(agent, port, AgentAccess.HEADER, token));
        return Nginx.start(folder, port);
    }
}
