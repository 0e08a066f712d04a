package ai.in10nt.httpproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class EventStreamTest {
    private static final Duration PATIENCE = Duration.ofMillis(1500);
    private static final int SMALL = 16 * 1024;
    private static final int MANY = 20_000;

    private final Vertx vertx = Vertx.vertx();
    private HttpServer server;
    /** The id of the last event that was given, once the stream is over. */
    private final CompletableFuture<String> over = new CompletableFuture<>();
    /** When the last event was begun. */
    private final AtomicLong began = new AtomicLong(System.nanoTime());

    @BeforeEach
    void start() {
        server = vertx.createHttpServer(new HttpServerOptions().setSendBufferSize(SMALL))
                .requestHandler(request -> Thread.ofVirtual().start(() -> {
                    try {
                        var stream = EventStream.open(request, Duration.ofDays(7), PATIENCE, "0");
                        for (int id = 1; id <= MANY && stream.isOpen(); id++) {
                            began.set(System.nanoTime());
                            stream.give(String.valueOf(id), "x".repeat(100));
                        }
                        stream.end();
                        over.complete(stream.lastId());
                    } catch (InterruptedException e) {
                        over.completeExceptionally(e);
                    }
                }))
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .join();
    }

    @AfterEach
    void stop() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private Socket ask() throws IOException {
        var socket = new Socket();
        socket.setReceiveBufferSize(SMALL);
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.actualPort()));
        socket.getOutputStream().write("GET / HTTP/1.0\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        return socket;
    }

    private static String readAll(Socket socket) throws IOException {
        return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    @Timeout(30)
    void who_reads_gets_each_event_once_and_the_end() throws Exception {
        try (var reader = ask()) {
            var all = readAll(reader);

            assertThat(all.lines().filter(line -> line.startsWith("id: ")))
                    .hasSize(MANY)
                    .doesNotHaveDuplicates();
            assertThat(all).contains("X-Stream-Retention-Seconds: 604800").endsWith("event: end\ndata: {}\n\n");
        }
    }

    @Test
    @Timeout(30)
    void who_reads_again_in_time_is_told_where_to_go_on() throws Exception {
        try (var reader = ask()) {
            // Its patience was over once; the second time is for the last words.
            while (System.nanoTime() - began.get() < PATIENCE.toNanos() * 5 / 4) {
                LockSupport.parkNanos(5_000_000);
            }

            var all = readAll(reader);

            var last =
                    all.lines().filter(line -> line.startsWith("id: ")).toList().getLast();
            assertThat(all)
                    .endsWith(
                            "event: overrun\ndata: {\"lastEventId\":\"" + last.substring("id: ".length()) + "\"}\n\n");
        }
    }

    @Test
    @Timeout(30)
    void the_connection_of_who_takes_nothing_is_ended() throws Exception {
        try (var reader = ask()) {
            assertThat(Integer.parseInt(over.get(20, TimeUnit.SECONDS))).isLessThan(MANY);

            assertThat(readAll(reader)).doesNotContain("event: overrun");
        }
    }
}
