package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A server that somebody started in an instance, seen from outside. */
@ExtendWith(SharedStack.class)
class PortStory {
    /** Tells what it was asked; a path says what it is to do. */
    private static final String SERVER = """
            const http = require('http'), crypto = require('crypto');
            let open = 0;
            const server = http.createServer((q, a) => {
              if (q.url === '/redirect') { a.writeHead(302, { Location: 'http://localhost:5173/there' }); return a.end(); }
              if (q.url === '/cookie') { a.setHeader('Set-Cookie', 'a=b; Path=/; Domain=localhost'); return a.end(); }
              if (q.url === '/large') { open++; a.on('close', () => open--); a.write(Buffer.alloc(50 << 20)); return a.end(); }
              if (q.url === '/open') return a.end(String(open));
              if (q.url === '/cut') { a.writeHead(200, { 'Content-Length': 1000 }); a.write('half'); return setTimeout(() => q.socket.destroy(), 50); }
              if (q.url === '/events') { a.writeHead(200, { 'Content-Type': 'text/event-stream' }); return a.write('data: now\\n\\n'); }
              let length = 0; q.on('data', d => length += d.length);
              q.on('end', () => a.end(JSON.stringify({ url: q.url, method: q.method, length, headers: q.headers })));
            });
            server.on('upgrade', (q, s) => {
              const key = crypto.createHash('sha1').update(q.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11').digest('base64');
              s.write('HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: ' + key + '\\r\\n\\r\\n');
              const text = Buffer.from(q.headers.origin || 'none'); s.write(Buffer.concat([Buffer.from([0x81, text.length]), text]));
            });
            server.listen(5173, '127.0.0.1');
            """;

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    @SuppressWarnings("NullAway.Init")
    private static Client client;

    private static String id = "";

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        client = shared.client();
        id = client.create("ports");
        client.send("PUT", "/instances/" + id + "/files/dev.js", SERVER);
        client.post(
                "/instances/" + id + "/execute",
                Map.of(
                        "command",
                        "nohup node dev.js > dev.log 2>&1 & for i in $(seq 100); do"
                                + " (exec 3<>/dev/tcp/127.0.0.1/5173) 2>/dev/null && break; sleep 0.1; done"));
    }

    @AfterAll
    static void destroy() {
        client.delete("/instances/" + id);
    }

    private static String ticket() {
        return client.post("/instances/" + id + "/tickets", Map.of("for", "port", "port", 5173))
                .text("ticket");
    }

    private static String host() {
        return "5173-" + id.replace('_', '-') + ".localhost";
    }

    private static Client.Answer proxied(String path, String... headers) {
        return client.send("GET", "/instances/" + id + "/proxy/5173" + path, null, headers);
    }

    @Test
    void ports_are_listed_with_their_process_and_the_registered_ones_beside_them() {
        var opened = client.send(
                "POST",
                "/instances/" + id + "/open-ports",
                "{\"ports\":[5173,3000]}",
                "Content-Type",
                "application/json");

        assertThat(opened.status()).as(opened.toString()).isEqualTo(200);
        var ports = client.get("/instances/" + id + "/ports").json().path("ports");
        assertThat(ports).hasSize(2);
        assertThat(ports.path(0).path("port").asInt()).isEqualTo(3000);
        assertThat(ports.path(0).path("registered").asBoolean()).isTrue();
        assertThat(ports.path(1).path("process").asText()).contains("node");
        var url = URI.create(ports.path(1).path("url").asText());
        assertThat(client.get(url.getPath()).json().path("url").asText()).isEqualTo("/");
    }

    @Test
    void a_request_arrives_as_from_a_browser_beside_it_without_our_key() {
        var seen = proxied("/a/b%20c?x=1&y=%2F", "X-API-Key", "also", "Cookie", "mine=1; in10nt_ticket=x")
                .json();

        assertThat(seen.path("url").asText()).isEqualTo("/a/b%20c?x=1&y=%2F");
        var headers = seen.path("headers");
        assertThat(headers.path("host").asText()).isEqualTo("localhost:5173");
        assertThat(headers.path("x-forwarded-prefix").asText()).isEqualTo("/instances/" + id + "/proxy/5173");
        assertThat(headers.path("cookie").asText()).isEqualTo("mine=1");
        assertThat(headers.has("authorization")).isFalse();
        assertThat(headers.has("x-api-key")).isFalse();
        assertThat(headers.has("in10nt-agent-token")).isFalse();
    }

    @Test
    void bodies_go_both_ways_whole_and_half_an_answer_never_looks_whole() throws Exception {
        var sent = client.send("POST", "/instances/" + id + "/proxy/5173/up", "x".repeat(9 * 1024 * 1024), "A", "b");
        assertThat(sent.json().path("length").asInt()).isEqualTo(9 * 1024 * 1024);
        assertThat(proxied("/large").body()).hasSize(50 << 20);
        assertThat(proxied("/redirect").headers().firstValue("Location"))
                .hasValue("/instances/" + id + "/proxy/5173/there");
        assertThat(proxied("/cookie").headers().firstValue("Set-Cookie"))
                .hasValue("a=b; Path=/instances/" + id + "/proxy/5173/");
        assertThat(catchThrowable(() -> proxied("/cut"))).hasRootCauseInstanceOf(IOException.class);
        var events = HTTP.send(
                HttpRequest.newBuilder(URI.create(
                                stack.baseUrl() + "/instances/" + id + "/proxy/5173/events?ticket=" + ticket()))
                        .build(),
                HttpResponse.BodyHandlers.ofInputStream());
        try (var body = events.body()) {
            assertThat(new String(body.readNBytes(11), StandardCharsets.UTF_8)).isEqualTo("data: now\n\n");
        }
    }

    @Test
    void a_server_hears_that_its_reader_left_whenever_that_is() throws Exception {
        for (int i = 0; i < 20; i++) {
            try (var socket = new Socket(
                    InetAddress.getLoopbackAddress(),
                    URI.create(stack.baseUrl()).getPort())) {
                var head = "GET /instances/" + id + "/proxy/5173/large HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "
                        + stack.key() + "\r\n\r\n";
                socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
                socket.getInputStream().readNBytes(1 + i * 256 * 1024);
            }
        }

        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(() -> assertThat(proxied("/open").body()).isEqualTo("0"));
    }

    @Test
    void a_browser_gets_in_with_a_ticket_and_stays_in_by_a_cookie_on_a_host_of_its_own() throws Exception {
        var page = onItsHost("/page?ticket=" + ticket() + "&q=1", "");

        assertThat(page).startsWith("HTTP/1.1 200").contains("\"url\":\"/page?q=1\"");
        var cookie = page.lines()
                .filter(line -> line.startsWith("Set-Cookie: "))
                .map(line -> line.substring("Set-Cookie: ".length()))
                .findFirst()
                .orElseThrow();
        assertThat(cookie).contains("HttpOnly").contains("Path=/;").contains("SameSite=Lax");
        assertThat(onItsHost("/next", cookie.replaceFirst(";.*", "")))
                .startsWith("HTTP/1.1 200")
                .doesNotContain(cookie.replaceFirst(";.*", ""));
        assertThat(onItsHost("/next", "")).startsWith("HTTP/1.1 401");
        assertThat(onItsHost("/?ticket=" + ticket() + "x", "")).contains("invalid_ticket");
        assertThat(client.send("GET", "/instances/" + id + "/proxy/5174/?ticket=" + ticket(), null)
                        .text("code"))
                .as("of another port, but with a key")
                .isEqualTo("port_not_listening");
        assertThat(stack.client("")
                        .get("/instances/" + id + "/proxy/5174/?ticket=" + ticket())
                        .status())
                .isEqualTo(401);
        assertThat(stack.client("")
                        .get("/instances/" + id + "/files/dev.js?ticket=" + ticket())
                        .status())
                .isEqualTo(401);
    }

    /** Java's client can't be told a Host, and not every resolver knows names below localhost: by hand. */
    private static String onItsHost(String path, String cookie) throws IOException {
        var port = URI.create(stack.baseUrl()).getPort();
        try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(10_000);
            var head = "GET " + path + " HTTP/1.1\r\nHost: " + host() + ":" + port + "\r\nConnection: close\r\n"
                    + (cookie.isEmpty() ? "" : "Cookie: " + cookie + "\r\n") + "\r\n";
            socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void a_websocket_goes_through_with_an_origin_that_the_server_takes_for_its_own() throws Exception {
        var message = new CompletableFuture<String>();
        var url = stack.baseUrl().replace("http://", "ws://") + "/instances/" + id + "/proxy/5173/hmr";
        var socket = HTTP.newWebSocketBuilder()
                .header("Authorization", "Bearer " + stack.key())
                .header("Origin", stack.baseUrl())
                .buildAsync(URI.create(url), new WebSocket.Listener() {
                    @Override
                    public CompletionStage<?> onText(WebSocket opened, CharSequence text, boolean isLast) {
                        message.complete(text.toString());
                        return CompletableFuture.completedFuture(null);
                    }
                })
                .get(10, TimeUnit.SECONDS);

        assertThat(message.get(10, TimeUnit.SECONDS)).isEqualTo("http://localhost:5173");
        socket.abort();
    }

    @ParameterizedTest
    @CsvSource({
        "0,400,invalid_port",
        "65536,400,invalid_port",
        "x,400,invalid_port",
        "22,400,port_refused",
        "10310,400,port_refused",
        "6000,502,port_not_listening"
    })
    void a_port_that_cannot_be_is_refused(String port, int status, String code) {
        var answer = client.get("/instances/" + id + "/proxy/" + port + "/");

        assertThat(answer.status()).as(answer.toString()).isEqualTo(status);
        assertThat(answer.text("code")).isEqualTo(code);
    }

    @Test
    void a_ticket_is_of_one_boot() {
        var other = client.create("ports-restarted");
        var before = client.post("/instances/" + other + "/tickets", Map.of("for", "port", "port", 5173))
                .text("ticket");
        client.post("/instances/" + other + "/restart");

        var answer = stack.client("").get("/instances/" + other + "/proxy/5173/?ticket=" + before);

        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.text("code")).isEqualTo("invalid_ticket");
        client.delete("/instances/" + other);
        assertThat(client.post("/instances/" + other + "/tickets", Map.of("for", "port", "port", 5173))
                        .text("code"))
                .isEqualTo("instance_destroyed");
        assertThat(client.post("/instances/" + id + "/tickets", Map.of("for", "port"))
                        .text("detail"))
                .contains("port");
    }
}
