package ai.in10nt.agent;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** OpenCode's HTTP API (1.18), in its own words: those calls that runs need. Blocking, for virtual threads. */
final class OpenCode {
    static final String PROVIDER = "in10nt";
    static final String MODEL = "agent";

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    /** A probe that arrives while it starts may never be answered. */
    private static final Duration PROBE = Duration.ofMillis(500);

    /** The agent is away, or answered what it shouldn't. */
    static final class Unavailable extends RuntimeException {
        Unavailable(String message, @Nullable Throwable cause) {
            super(message, cause);
        }
    }

    private final String baseUrl;
    private final String authorization;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(2))
            .build();

    OpenCode(int port, String password) {
        this.baseUrl = "http://127.0.0.1:" + port;
        this.authorization = "Basic "
                + Base64.getEncoder().encodeToString(("opencode:" + password).getBytes(StandardCharsets.UTF_8));
    }

    boolean isHealthy() {
        try {
            return call("GET", "/global/health", null, PROBE).statusCode() == 200;
        } catch (Unavailable notYet) {
            return false;
        }
    }

    /** With a title, so that no model is asked for one. */
    String createSession(String title) {
        return json("POST", "/session", Map.of("title", title)).path("id").asText();
    }

    boolean hasSession(String id) {
        int status = call("GET", "/session/" + id, null, PATIENCE).statusCode();
        return switch (status) {
            case 200 -> true;
            case 404 -> false;
            default -> throw new Unavailable("GET /session answered " + status, null);
        };
    }

    /** What a session is doing: {@code busy}, {@code retry} with attempt and message; absent when idle. */
    Optional<JsonNode> status(String session) {
        return Optional.ofNullable(json("GET", "/session/status", null).get(session));
    }

    boolean hasMessage(String session, String message) {
        return call("GET", "/session/" + session + "/message/" + message, null, PATIENCE)
                        .statusCode()
                == 200;
    }

    ArrayNode messages(String session) {
        return (ArrayNode) json("GET", "/session/" + session + "/message", null);
    }

    /** Posts a prompt and returns at once; what comes of it shows in status, messages and events. */
    void prompt(String session, Map<String, Object> body) {
        var response = call("POST", "/session/" + session + "/prompt_async", Json.text(body), PATIENCE);
        if (response.statusCode() >= 300) {
            throw new Unavailable("prompt_async answered " + response.statusCode() + ": " + response.body(), null);
        }
    }

    void abort(String session) {
        call("POST", "/session/" + session + "/abort", "", PATIENCE);
    }

    Set<String> toolNames() {
        var names = new TreeSet<String>();
        tools().forEach(tool -> {
            if (Tools.isOffered(tool.path("id").asText())) {
                names.add(tool.path("id").asText());
            }
        });
        return names;
    }

    /** What it offers to a model: id, description, parameters. */
    JsonNode tools() {
        return json("GET", "/experimental/tool?provider=" + PROVIDER + "&model=" + MODEL, null);
    }

    /** Has it connect to a server of the Model Context Protocol, anew if it has one of that name; says how that stands. */
    JsonNode addMcpServer(String name, Map<String, Object> server) {
        return json("POST", "/mcp", Map.of("name", name, "config", server)).path(name);
    }

    void disconnectMcpServer(String name) {
        call("POST", "/mcp/" + name + "/disconnect", "", PATIENCE);
    }

    /** Reads events until the connection ends. They have no ids and no replay: whoever missed some reads the messages. */
    void events(Consumer<JsonNode> consumer) {
        var request = request("/event").GET().build();
        try {
            var response = http.send(request, HttpResponse.BodyHandlers.ofLines());
            try (var lines = response.body()) {
                lines.filter(line -> line.startsWith("data:"))
                        .map(line -> Json.read(line.substring(5), JsonNode.class))
                        .forEach(consumer);
            }
        } catch (IOException | UncheckedIOException e) {
            throw new Unavailable("the event stream ended", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unavailable("interrupted", e);
        }
    }

    private JsonNode json(String method, String path, @Nullable Object body) {
        var response = call(method, path, body == null ? null : Json.text(body), PATIENCE);
        if (response.statusCode() >= 300) {
            throw new Unavailable(method + " " + path + " answered " + response.statusCode(), null);
        }
        return Json.read(response.body(), JsonNode.class);
    }

    private HttpResponse<String> call(String method, String path, @Nullable String body, Duration patience) {
        var publisher = body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body);
        try {
            return http.send(
                    request(path).timeout(patience).method(method, publisher).build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new Unavailable(method + " " + path, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new Unavailable("interrupted", e);
        }
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(baseUrl + path))
                .header("Authorization", authorization)
                .header("Content-Type", "application/json");
    }
}
