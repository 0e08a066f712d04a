package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.oas.OpenApi30;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** A stranger's client of Fly's API: HTTP, JSON, and the published OpenAPI file to hold answers against. */
final class FlyClient {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private static final JsonSchemaFactory SCHEMAS = JsonSchemaFactory.getInstance(
            SpecVersion.VersionFlag.V4,
            builder -> builder.metaSchema(OpenApi30.getInstance())
                    .defaultMetaSchemaIri(OpenApi30.getInstance().getIri()));
    private static final Map<String, JsonSchema> BY_NAME = new ConcurrentHashMap<>();

    record Answer(int status, String text, JsonNode body, HttpHeaders headers) {
        String text(String field) {
            return body.path(field).asText();
        }

        String header(String name) {
            return headers.firstValue(name).orElse("");
        }

        Answer is(int expected) {
            assertThat(status).as(text).isEqualTo(expected);
            return this;
        }

        /** Holds it against a schema of Fly's published file. */
        Answer as(String schema) {
            validate(schema, body);
            return this;
        }

        Answer eachAs(String schema) {
            assertThat(body.isArray()).as(text).isTrue();
            body.forEach(item -> validate(schema, item));
            return this;
        }

        Answer refuses(int expected, String... texts) {
            is(expected);
            var checked = (com.fasterxml.jackson.databind.node.ObjectNode) body.deepCopy();
            var code = checked.remove("status");
            validate("ErrorResponse", checked);
            if (code != null) {
                // Two of them are newer than the published file that is kept here.
                assertThat(code.asText())
                        .isIn("unknown", "insufficient_capacity", "volume_placement_capacity", "name_taken");
            }
            for (var part : texts) {
                assertThat(text("error")).contains(part);
            }
            return this;
        }
    }

    private final String baseUrl;
    private final String token;

    FlyClient(String baseUrl, String token) {
        this.baseUrl = baseUrl;
        this.token = token;
    }

    static void validate(String schema, JsonNode json) {
        var known = BY_NAME.computeIfAbsent(
                schema,
                name -> SCHEMAS.getSchema(SchemaLocation.of("classpath:fly-openapi.json#/components/schemas/" + name)));
        assertThat(known.validate(json)).as(schema + ": " + json).isEmpty();
    }

    Answer get(String path) {
        return call("GET", path, null);
    }

    Answer post(String path, @Nullable String body, String... headers) {
        return call("POST", path, body, headers);
    }

    Answer post(String path, Map<String, ?> body, String... headers) {
        return call("POST", path, Json.text(body), headers);
    }

    Answer put(String path, Map<String, ?> body) {
        return call("PUT", path, Json.text(body));
    }

    Answer delete(String path, String... headers) {
        return call("DELETE", path, null, headers);
    }

    Answer call(String method, String path, @Nullable String body, String... headers) {
        return send(method, path, body, "Bearer " + token, headers);
    }

    Answer send(String method, String path, @Nullable String body, String authorization, String... headers) {
        var request = HttpRequest.newBuilder(URI.create(baseUrl + path))
                .timeout(Duration.ofSeconds(90))
                .header("Authorization", authorization)
                .header("Content-Type", "application/json")
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body));
        if (headers.length > 0) {
            request.headers(headers);
        }
        try {
            var response = HTTP.send(request.build(), HttpResponse.BodyHandlers.ofString());
            return new Answer(response.statusCode(), response.body(), json(response.body()), response.headers());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static JsonNode json(String text) {
        try {
            return text.isEmpty() ? MissingNode.getInstance() : Json.MAPPER.readTree(text);
        } catch (JsonProcessingException notJson) {
            return MissingNode.getInstance();
        }
    }
}
