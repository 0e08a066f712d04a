package ai.in10nt.stories;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** JSON over HTTP, and nothing that a stranger's client doesn't have. */
public final class Client {
    public record Answer(int status, String body, HttpHeaders headers) {
        public JsonNode json() {
            return Json.read(body, JsonNode.class);
        }

        public String text(String field) {
            return json().path(field).asText();
        }
    }

    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private final String baseUrl;
    private final String key;
    private final Check check;

    /** Looks at every answer. */
    public interface Check {
        void look(String method, String path, Answer answer);
    }

    public Client(String baseUrl, String key) {
        this(baseUrl, key, (_, _, _) -> {});
    }

    public Client(String baseUrl, String key, Check check) {
        this.baseUrl = baseUrl;
        this.key = key;
        this.check = check;
    }

    public Answer get(String path) {
        return send("GET", path, null);
    }

    public Answer post(String path) {
        return send("POST", path, null);
    }

    public Answer post(String path, Map<String, ?> body) {
        return send("POST", path, Json.text(body));
    }

    public Answer delete(String path) {
        return send("DELETE", path, null);
    }

    public Answer send(String method, String path, @Nullable String body, String... headers) {
        return send(Duration.ofMinutes(3), method, path, body, headers);
    }

    /** Gives up after so long, whatever becomes of the request. */
    public Answer send(Duration patience, String method, String path, @Nullable String body, String... headers) {
        var request = HttpRequest.newBuilder(URI.create(baseUrl + path))
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (!key.isEmpty()) {
            request.header("Authorization", "Bearer " + key);
        }
        if (headers.length > 0) {
            request.headers(headers);
        } else if (body != null) {
            request.header("Content-Type", "application/json");
        }
        var answered = HTTP.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
        try {
            // Not the request's own timeout: that is for the answer's head alone.
            var response = answered.get(patience.toMillis(), TimeUnit.MILLISECONDS);
            var answer = new Answer(response.statusCode(), response.body(), response.headers());
            check.look(method, path, answer);
            return answer;
        } catch (TimeoutException e) {
            var what = "no whole answer within " + patience + "; in sockets wait: " + Sockets.waiting();
            answered.cancel(true);
            throw new UncheckedIOException(method + " " + path + ": " + what, new HttpTimeoutException(what));
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException failure) {
                throw new UncheckedIOException(method + " " + path + ": " + failure, failure);
            }
            throw new IllegalStateException(method + " " + path, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** A healthy instance's id. */
    public String create(String name) {
        var answer = post("/instances", Map.of("name", name, "description", "made by a story"));
        if (answer.status() != 201 || !answer.text("status").equals("healthy")) {
            throw new AssertionError("not healthy: " + answer);
        }
        return answer.text("instanceId");
    }

    public Answer run(String instance, String prompt) {
        return post("/instances/" + instance + "/run", Map.of("prompt", prompt));
    }

    public String runAsync(String instance, String prompt) {
        return post("/instances/" + instance + "/run", Map.of("prompt", prompt, "async", true))
                .text("taskId");
    }

    public JsonNode task(String instance, String task) {
        return get("/instances/" + instance + "/tasks/" + task).json();
    }
}
