package ai.in10nt.benchmarks;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.function.Consumer;

/** Lines of an instance's log, from the machine to any number of readers, beside nginx with nchan. */
final class Logs {
    private static final String PADDING = "x".repeat(80);
    private static final int PART = 200_000;
    private static final int INGESTED = 5 * PART;

    /** Threads that wait must not keep those waiting that they wait for. */
    private static final Executor THREADS = command -> Thread.ofVirtual().start(command);

    private final Target target;
    private final String id;
    private final String url;
    private final Map<String, String> key;
    private long written;

    private Logs(Target target, String id) {
        this.target = target;
        this.id = id;
        this.url = target.status().path("baseUrl").asText() + "/instances/" + id + "/logs";
        this.key = Map.of(
                "Authorization", "Bearer " + target.status().path("apiKey").asText());
    }

    static void of(Target target, Path home, int freePort, Consumer<Row> rows) throws IOException {
        var instance = target.api("POST", "/instances", Map.of("name", "logs", "description", "a benchmark"))
                .is(201);
        var nchan = nchan(home, freePort);
        var logs = new Logs(target, instance.text("instanceId"));
        try {
            logs.ingest(20_000);
            logs.live();
            rows.accept(logs.live());
            for (int readers : new int[] {1, 100, 1000}) {
                rows.accept(logs.fanOut(readers, freePort));
            }
            rows.accept(logs.idle());
            rows.accept(logs.ingest(INGESTED));
            logs.catchUp(rows);
        } finally {
            nchan.destroy();
            target.destroy(logs.id);
        }
    }

    /** Written as fast as the machine can, or so many every five milliseconds. */
    private CompletableFuture<Void> write(int lines, int every5Ms) {
        // The mark is written as a code: the command is a line of the log too.
        var line = "'line '+n+++' %s\\x%x'".formatted(PADDING, (int) Subscribers.MARK);
        var script = every5Ms == 0
                ? "let n=0;while(n<%d){let s='';do s+=%s+'\\n';while(n%%400);process.stdout.write(s)}"
                        .formatted(lines, line)
                : "let n=0;const t=setInterval(()=>{for(let i=0;i<%d;i++)console.log(%s);if(n>=%d)clearInterval(t)},5)"
                        .formatted(every5Ms, line, lines);
        written += lines;
        var command = Map.of("command", "node -e \"" + script + "\"", "timeout", 300_000);
        return CompletableFuture.runAsync(
                () -> target.api("POST", "/instances/" + id + "/execute", command)
                        .is(200),
                THREADS);
    }

    private Row fanOut(int readers, int nchanPort) throws IOException {
        int lines = Math.max(2000, 100_000 / readers);
        double ours;
        try (var subscribers = new Subscribers(url, readers, key)) {
            long before = subscribers.events();
            long began = System.nanoTime();
            var writing = write(lines, 0);
            subscribers.await(before + (long) lines * readers);
            ours = (double) lines * readers / (System.nanoTime() - began) * 1e9;
            writing.join();
        }
        double theirs;
        try (var subscribers = new Subscribers("http://127.0.0.1:" + nchanPort + "/sub/" + readers, readers, Map.of());
                var publisher = new Socket(InetAddress.getLoopbackAddress(), nchanPort)) {
            long began = System.nanoTime();
            var publishing = publish(publisher, "/pub/" + readers, lines);
            // With one quick publisher and one reader nchan loses some now and then: those that came count.
            long last = subscribers.awaitWhatComes((long) lines * readers);
            theirs = subscribers.events() / (double) (last - began) * 1e9;
            publishing.join();
        }
        return Row.atLeast(
                "lines to " + readers + (readers == 1 ? " reader" : " readers"),
                Math.round(ours) + "/s",
                "nchan: " + Math.round(theirs) + "/s",
                ours / theirs,
                0.6,
                1);
    }

    /** On one connection, without waiting for answers. */
    private static CompletableFuture<Void> publish(Socket socket, String path, int lines) {
        var body = "{\"id\":100000,\"type\":\"stdout\",\"source\":\"execute\",\"message\":\"line 100 " + PADDING
                + Subscribers.MARK + "\",\"timestamp\":\"2026-01-01T00:00:00.123456789Z\"}";
        var request = ("POST " + path + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + body.length() + "\r\n\r\n" + body)
                .getBytes(StandardCharsets.US_ASCII);
        var _ = Thread.ofVirtual().start(() -> drain(socket));
        return CompletableFuture.runAsync(
                () -> {
                    try {
                        for (int i = 0; i < lines; i++) {
                            socket.getOutputStream().write(request);
                        }
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                THREADS);
    }

    private static void drain(Socket socket) {
        try {
            var _ = socket.getInputStream().transferTo(OutputStream.nullOutputStream());
        } catch (IOException e) {
            if (!socket.isClosed()) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /** With a reader of the same lines; in parts that the machine's disk keeps, as it writes faster than anybody reads. */
    private Row ingest(int lines) throws IOException {
        try (var reader = new Subscribers(url, 1, key)) {
            long began = System.nanoTime();
            for (int part = Math.min(lines, PART); reader.events() < lines; ) {
                var writing = write(part, 0);
                reader.await(reader.events() + part);
                writing.join();
            }
            double rate = lines / ((System.nanoTime() - began) / 1e9);
            return new Row(
                    lines + " lines from a machine into the store and to a reader",
                    Math.round(rate) + "/s",
                    "",
                    Math.round(rate) + "/s",
                    "≥ 10000/s",
                    "20000/s",
                    rate >= 10_000);
        }
    }

    private Row live() throws IOException {
        // Everything on the way has just been started: this is about lines, not about compilers.
        var _ = follow(8000, write(16_000, 10));
        var times = follow(8000, write(16_000, 10));
        return Row.atMost(
                "a line from the machine to its reader at 2000 lines/s, p99",
                times.p99(),
                "ms",
                times.toString(),
                50,
                50);
    }

    /** How long lines that come now took, by the machine's clock, which is this one. */
    private Times follow(int count, CompletableFuture<Void> writing) throws IOException {
        var connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        key.forEach(connection::setRequestProperty);
        var took = new long[count];
        int n = 0;
        try (var in = new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8))) {
            while (n < count) {
                var line = in.readLine();
                if (line.startsWith("data: {\"id\"")) {
                    var at = Instant.parse(Json.read(line.substring("data: ".length()), JsonNode.class)
                            .path("timestamp")
                            .asText());
                    took[n++] = Duration.between(at, Instant.now()).toNanos();
                }
            }
        }
        writing.join();
        return new Times(took);
    }

    /** One reader from the first line on, while others are live. */
    private void catchUp(Consumer<Row> rows) throws IOException {
        long stored = written;
        var live = CompletableFuture.supplyAsync(
                () -> {
                    try {
                        return follow(4000, write(8000, 5));
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                },
                THREADS);
        try (var reader = new Subscribers(url + "?from=start", 1, key)) {
            long began = System.nanoTime();
            reader.await(stored);
            double rate = stored / ((System.nanoTime() - began) / 1e9);
            rows.accept(new Row(
                    "a reader " + stored + " lines behind catches up",
                    Math.round(rate) + "/s",
                    "",
                    Math.round(rate) + "/s",
                    "≥ 20000/s",
                    "50000/s",
                    rate >= 20_000));
            var times = live.join();
            rows.accept(Row.atMost("a live line meanwhile, p99", times.p99(), "ms", times.toString(), 200, 100));
        }
    }

    /** What a reader that only waits costs the heaps of gateway and log-service together. */
    private Row idle() throws IOException {
        int readers = 1000;
        long before = heaps();
        try (var _ = new Subscribers(url, readers, key)) {
            double each = (heaps() - before) / 1024.0 / readers;
            return Row.atMost("heap of gateway and log-service for a reader that waits", each, "KB", "", 20, 20);
        }
    }

    private long heaps() throws IOException {
        return Footprint.liveBytes(target, "api-gateway") + Footprint.liveBytes(target, "log-service");
    }

    private static Process nchan(Path home, int port) throws IOException {
        var folder = Files.createDirectories(home.resolve("nchan"));
        Files.writeString(folder.resolve("nginx.conf"), """
                load_module /usr/lib/nginx/modules/ngx_nchan_module.so;
                pid nginx.pid;
                error_log error.log;
                daemon off;
                worker_processes 2;
                events { worker_connections 4096; }
                http {
                  access_log off;
                  keepalive_requests 1000000;
                  client_body_temp_path body;
                  proxy_temp_path proxy;
                  fastcgi_temp_path fastcgi;
                  uwsgi_temp_path uwsgi;
                  scgi_temp_path scgi;
                  nchan_shared_memory_size 256M;
                  server {
                    listen 127.0.0.1:%d;
                    location ~ /pub/(\\d+)$ { nchan_publisher; nchan_channel_id $1; nchan_message_buffer_length 100000; }
                    location ~ /sub/(\\d+)$ { nchan_subscriber eventsource; nchan_channel_id $1; }
                  }
                }
                """.formatted(port));
        return Nginx.start(folder, port);
    }
}
