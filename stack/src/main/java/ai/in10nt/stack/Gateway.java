package ai.in10nt.stack;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** JSON over HTTP, as any client would: for the demo and the commands. */
final class Gateway {
    private static final Duration PATIENCE = Duration.ofMinutes(15);

    private final String baseUrl;
    private final String bearer;
    /** HTTP/1.1: an upgrade that Java offers and Vert.x takes has been answered by a frame that Java couldn't read. */
    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    Gateway(String baseUrl, String key) {
        this.baseUrl = baseUrl;
        this.bearer = "Bearer " + key;
    }

    JsonNode get(String path) {
        return call(request(path).GET().build());
    }

    JsonNode post(String path, Object body) {
        return call(request(path)
                .header("Content-Type", "application/json")
                .POST(HttpRequest.BodyPublishers.ofString(Json.text(body)))
                .build());
    }

    JsonNode delete(String path) {
        return call(request(path).DELETE().build());
    }

    /** The lines of a stream as they come; none where there will be none. Throws {@link UncheckedIOException} where it can't be read now. */
    Stream<String> stream(String path, @Nullable String lastEventId) {
        var request = request(path).setHeader("Accept", "text/event-stream");
        if (lastEventId != null) {
            request.header("Last-Event-ID", lastEventId);
        }
        try {
            var response = http.send(request.build(), HttpResponse.BodyHandlers.ofLines());
            if (response.statusCode() == 204) {
                return Stream.of("event: end");
            }
            if (response.statusCode() >= 500) {
                throw new IOException("status " + response.statusCode());
            }
            if (response.statusCode() >= 400) {
                throw new Stack.Trouble(path + " answered " + response.statusCode() + ": "
                        + String.join("", response.body().toList()));
            }
            return response.body();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(URI.create(baseUrl + path))
                .timeout(PATIENCE)
                .header("Accept", "application/json")
                .header("Authorization", bearer);
    }

    private JsonNode call(HttpRequest request) {
        try {
            var response = http.send(request, HttpResponse.BodyHandlers.ofString());
            if (response.statusCode() >= 300) {
                throw new Stack.Trouble(request.method() + " " + request.uri().getPath() + " answered "
                        + response.statusCode() + ": " + response.body());
            }
            return Json.read(response.body(), JsonNode.class);
        } catch (IOException e) {
            throw new Stack.Trouble("Nothing answers at " + baseUrl + ": " + e + "\n./dev status shows what runs.");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
