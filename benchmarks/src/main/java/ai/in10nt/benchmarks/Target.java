package ai.in10nt.benchmarks;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The stack that is measured, as {@code ./dev status --json} tells it. */
record Target(JsonNode status) {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    record Answer(int status, JsonNode body) {
        Answer is(int expected) {
            if (status != expected) {
                throw new IllegalStateException("expected " + expected + ", got " + status + ": " + body);
            }
            return this;
        }

        String text(String field) {
            return body.path(field).asText();
        }
    }

    String kafka() {
        return status.path("kafka").asText();
    }

    Answer api(String method, String path, @Nullable Object body, String... headers) {
        return send(
                status.path("baseUrl").asText() + path,
                method,
                body,
                status.path("apiKey").asText(),
                headers);
    }

    Answer fly(String method, String path, @Nullable Object body) {
        return send(
                status.path("flyApiUrl").asText() + path,
                method,
                body,
                status.path("flyApiToken").asText());
    }

    private static Answer send(String url, String method, @Nullable Object body, String token, String... headers) {
        var request = HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofMinutes(3))
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .method(
                        method,
                        body == null
                                ? HttpRequest.BodyPublishers.noBody()
                                : HttpRequest.BodyPublishers.ofString(Json.text(body)));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            var response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
            var text = response.body().isEmpty() ? "{}" : response.body();
            return new Answer(response.statusCode(), Json.read(text, JsonNode.class));
        } catch (IOException e) {
            throw new UncheckedIOException(method + " " + url, e);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    static IllegalStateException interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new IllegalStateException(e);
    }

    static void pause(Duration duration) {
        try {
            TimeUnit.NANOSECONDS.sleep(duration.toNanos());
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    /** To the stack's PostgreSQL, where raw commits are measured in a table of their own. */
    Connection database() throws SQLException {
        var database = status.path("databases").path(0);
        return DriverManager.getConnection(
                database.path("url").asText(),
                database.path("user").asText(),
                database.path("password").asText());
    }

    List<Long> pids() {
        var pids = new ArrayList<Long>();
        status.path("services").forEach(service -> pids.add(service.path("pid").asLong()));
        ProcessHandle.of(pids.getFirst())
                .ifPresent(first -> first.descendants().forEach(child -> pids.add(child.pid())));
        var supervisor = status.path("supervisorPid").asLong();
        if (supervisor > 0) {
            pids.add(supervisor);
        }
        return pids.stream().filter(pid -> pid > 0).distinct().toList();
    }

    /** An instance whose machine boots, and whose agent never listens: its runs are decided, and no agent is asked. */
    String instanceWithoutAgent(String name) {
        fly("POST", "/_faults", Map.of("kind", "never_ready")).is(201);
        return api("POST", "/instances", Map.of("name", name, "description", "a benchmark"), "Prefer", "respond-async")
                .text("instanceId");
    }

    void destroy(String instance) {
        api("DELETE", "/instances/" + instance, null);
    }
}
