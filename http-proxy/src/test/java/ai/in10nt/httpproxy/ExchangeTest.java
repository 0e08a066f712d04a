package ai.in10nt.httpproxy;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.RequestOptions;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExchangeTest {
    private static final int LARGE = 20 * 1024 * 1024;
    private static final int READERS = 60;
    /** What the kernel keeps on the way, at most, and more. */
    private static final int MOST_IN_SOCKETS = 100 * 1024 * 1024;

    private static final byte[] SWITCHING =
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: flood\r\nConnection: Upgrade\r\n\r\n"
                    .getBytes(StandardCharsets.US_ASCII);

    private final Vertx vertx = Vertx.vertx();
    private final CountDownLatch over = new CountDownLatch(1);
    private ServerSocket origin;
    private HttpServer proxy;

    private static final class Unchanged implements Exchange.Answer {
        @Override
        public void headers(MultiMap headers) {
            // As they are.
        }

        @Override
        public Optional<Future<Void>> instead(HttpClientResponse answer) {
            return Optional.empty();
        }
    }

    @BeforeEach
    void start() throws IOException {
        origin = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::serve);
        var client = vertx.createHttpClient();
        proxy = vertx.createHttpServer()
                .requestHandler(request -> {
                    request.pause();
                    var to = new RequestOptions()
                            .setHost("127.0.0.1")
                            .setPort(origin.getLocalPort())
                            .setURI(request.uri())
                            .setHeaders(Exchange.endToEnd(request.headers()));
                    Exchange.pass(request, client, to, new Unchanged())
                            .onFailure(
                                    _ -> request.response().setStatusCode(502).end());
                })
                .listen(0, "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .join();
    }

    @AfterEach
    void stop() throws IOException {
        over.countDown();
        origin.close();
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    private void serve() {
        while (!origin.isClosed()) {
            try {
                var socket = origin.accept();
                Thread.ofVirtual().start(() -> answer(socket));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private final CompletableFuture<String> left = new CompletableFuture<>();

    /** Writes for ever and never reads. */
    private void flood(Socket socket) {
        try (socket) {
            var out = socket.getOutputStream();
            out.write(SWITCHING);
            while (true) {
                out.write(new byte[64 * 1024]);
            }
        } catch (IOException e) {
            left.complete(String.valueOf(e.getMessage()));
        }
    }

    @Test
    @Timeout(60)
    void an_upgrade_that_is_stuck_both_ways_ends_when_its_client_leaves() throws Exception {
        try (var client = new Socket(InetAddress.getLoopbackAddress(), proxy.actualPort())) {
            client.getOutputStream()
                    .write("GET /flood HTTP/1.1\r\nHost: a\r\nUpgrade: flood\r\nConnection: Upgrade\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            readHead(client.getInputStream());
            var writer = Thread.ofVirtual().start(() -> {
                try {
                    while (true) {
                        client.getOutputStream().write(new byte[64 * 1024]);
                    }
                } catch (IOException gone) {
                    // It left.
                }
            });
            // Until all buffers on the way are full.
            writer.join(Duration.ofSeconds(2));
            client.setSoLinger(true, 0);
        }

        assertThat(left.get(20, TimeUnit.SECONDS)).isNotEmpty();
    }

    /** As the simplest of servers do: all of it, and hang up. */
    private void answer(Socket socket) {
        try (socket) {
            var head = readHead(socket.getInputStream());
            if (head.contains("/flood")) {
                flood(socket);
                return;
            }
            if (head.contains("/endless")) {
                goOn(socket);
                return;
            }
            if (head.contains("/enough")) {
                refuse(socket, head.contains("/enough/empty") ? "204 No Content" : "413 Content Too Large");
                return;
            }
            if (head.contains("/early")) {
                socket.getOutputStream()
                        .write("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                left.complete(String.valueOf(socket.getInputStream().readNBytes(LARGE).length));
                return;
            }
            if (head.contains("/last")) {
                socket.getOutputStream().write(SWITCHING);
                socket.getOutputStream().write(new byte[LARGE]);
                return;
            }
            if (head.contains("/other")) {
                refuse(socket, "404 Not Found");
                return;
            }
            if (head.contains("/deaf")) {
                socket.getOutputStream().write(SWITCHING);
                wait(over);
                return;
            }
            var out = socket.getOutputStream();
            out.write(("HTTP/1.0 200 OK\r\nContent-Length: " + LARGE + "\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
            out.write(new byte[LARGE]);
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private final CountDownLatch told = new CountDownLatch(READERS);

    /** An answer that ends when its reader does. */
    private void goOn(Socket socket) {
        try {
            var out = socket.getOutputStream();
            out.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            var chunk = new byte[64 * 1024];
            while (true) {
                out.write("10000\r\n".getBytes(StandardCharsets.US_ASCII));
                out.write(chunk);
                out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
            }
        } catch (IOException gone) {
            told.countDown();
        }
    }

    @Test
    @Timeout(60)
    void the_connection_behind_an_answer_ends_whenever_its_reader_leaves() throws Exception {
        for (int i = 0; i < READERS; i++) {
            try (var client = new Socket(InetAddress.getLoopbackAddress(), proxy.actualPort())) {
                client.getOutputStream()
                        .write("GET /endless HTTP/1.1\r\nHost: a\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
                client.getInputStream().readNBytes(1 + i * 16 * 1024);
            }
        }

        assertThat(told.await(20, TimeUnit.SECONDS))
                .as("%d of %d origins still write", told.getCount(), READERS)
                .isTrue();
    }

    /** Answers before it has the body, and neither reads on nor hangs up until it is hung up on. */
    private void refuse(Socket socket, String status) throws IOException {
        socket.getOutputStream()
                .write(("HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n").getBytes(StandardCharsets.US_ASCII));
        if (status.startsWith("404")) {
            socket.getInputStream().readAllBytes();
            told.countDown();
        } else {
            wait(over);
        }
    }

    private static void wait(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"/enough", "/enough/empty"})
    @Timeout(60)
    void a_client_that_sends_more_than_is_read_gets_its_answer_and_is_not_stuck(String path) throws Exception {
        try (var client = new Socket(InetAddress.getLoopbackAddress(), proxy.actualPort())) {
            client.setSoTimeout(20_000);
            client.getOutputStream()
                    .write(("POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + LARGE + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            var sent = CompletableFuture.runAsync(() -> {
                try {
                    client.getOutputStream().write(new byte[LARGE]);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            });

            sent.get(20, TimeUnit.SECONDS);
            assertThat(readHead(client.getInputStream())).containsPattern("^HTTP/1.1 (413|204)");
        }
    }

    @Test
    @Timeout(60)
    void an_upgrade_that_is_not_made_leaves_no_connection_behind() throws Exception {
        for (int i = 0; i < READERS; i++) {
            try (var client = new Socket(InetAddress.getLoopbackAddress(), proxy.actualPort())) {
                client.setSoTimeout(20_000);
                client.getOutputStream()
                        .write("GET /other HTTP/1.1\r\nHost: a\r\nUpgrade: flood\r\nConnection: Upgrade\r\n\r\n"
                                .getBytes(StandardCharsets.US_ASCII));
                assertThat(readHead(client.getInputStream())).startsWith("HTTP/1.1 404");
            }
        }

        assertThat(told.await(20, TimeUnit.SECONDS))
                .as("%d of %d connections are still there", told.getCount(), READERS)
                .isTrue();
    }

    @Test
    @Timeout(60)
    void what_a_client_sends_by_an_upgrade_and_nobody_reads_is_not_kept_in_memory() throws Exception {
        var sent = new AtomicLong();
        try (var client = new Socket(InetAddress.getLoopbackAddress(), proxy.actualPort())) {
            client.getOutputStream()
                    .write("GET /deaf HTTP/1.1\r\nHost: a\r\nUpgrade: flood\r\nConnection: Upgrade\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            readHead(client.getInputStream());
            var writer = Thread.ofVirtual().start(() -> {
                try {
                    while (sent.addAndGet(64 * 1024) < 4L * MOST_IN_SOCKETS) {
                        client.getOutputStream().write(new byte[64 * 1024]);
                    }
                } catch (IOException gone) {
                    // It left.
                }
            });
            writer.join(Duration.ofSeconds(5));
        }

        assertThat(sent.get()).isLessThan(MOST_IN_SOCKETS);
    }

    @Test
    @Timeout(60)
    void a_server_that_answers_first_gets_all_of_the_body_all_the_same() throws Exception {
        try (var client = new Socket(InetAddress.getLoopbackAddress(), proxy.actualPort())) {
            client.setSoTimeout(20_000);
            client.getOutputStream()
                    .write(("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: " + LARGE + "\r\n\r\n")
                            .getBytes(StandardCharsets.US_ASCII));
            assertThat(readHead(client.getInputStream())).startsWith("HTTP/1.1 200");
            client.getOutputStream().write(new byte[LARGE]);

            assertThat(left.get(20, TimeUnit.SECONDS)).isEqualTo(String.valueOf(LARGE));
        }
    }

    @Test
    @Timeout(60)
    void what_a_server_sent_by_an_upgrade_before_it_hung_up_arrives_whole() throws Exception {
        try (var client = new Socket(InetAddress.getLoopbackAddress(), proxy.actualPort())) {
            client.setSoTimeout(20_000);
            client.getOutputStream()
                    .write("GET /last HTTP/1.1\r\nHost: a\r\nUpgrade: flood\r\nConnection: Upgrade\r\n\r\n"
                            .getBytes(StandardCharsets.US_ASCII));
            readHead(client.getInputStream());

            assertThat(client.getInputStream().readAllBytes()).hasSize(LARGE);
        }
    }

    @Test
    @Timeout(60)
    void an_offer_of_tls_is_declined_and_its_request_is_passed_on_as_any() throws Exception {
        try (var client = new Socket(InetAddress.getLoopbackAddress(), proxy.actualPort())) {
            client.setSoTimeout(20_000);
            client.getOutputStream()
                    .write(
                            ("POST /early HTTP/1.1\r\nHost: a\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\nContent-Length: "
                                            + LARGE + "\r\n\r\n")
                                    .getBytes(StandardCharsets.US_ASCII));
            client.getOutputStream().write(new byte[LARGE]);

            assertThat(left.get(20, TimeUnit.SECONDS)).isEqualTo(String.valueOf(LARGE));
        }
    }

    private static String readHead(InputStream in) throws IOException {
        var head = new StringBuilder();
        while (!head.toString().endsWith("\r\n\r\n")) {
            head.append((char) in.read());
        }
        return head.toString();
    }

    @Test
    @Timeout(60)
    void a_large_answer_arrives_whole_from_a_server_that_hangs_up_after_it() throws IOException {
        for (int i = 0; i < 100; i++) {
            var connection = URI.create("http://127.0.0.1:" + proxy.actualPort() + "/" + i)
                    .toURL()
                    .openConnection();
            connection.setReadTimeout((int) Duration.ofSeconds(10).toMillis());
            try (var body = connection.getInputStream()) {
                long length = 0;
                var buffer = new byte[64 * 1024];
                for (int read = body.read(buffer); read >= 0; read = body.read(buffer)) {
                    length += read;
                }
                assertThat(length).as("request " + i).isEqualTo(LARGE);
            }
        }
    }
}
