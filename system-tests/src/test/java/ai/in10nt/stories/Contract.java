package ai.in10nt.stories;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.net.URI;
import java.util.Comparator;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** {@code /openapi}, held against every answer that the stories get. */
final class Contract implements Client.Check {
    private static final Pattern PARAMETER = Pattern.compile("\\{[^}]+}");

    private final JsonNode document;
    private final Map<String, JsonSchema> schemas = new ConcurrentHashMap<>();

    Contract(JsonNode document) {
        this.document = document;
        if (!document.path("openapi").asText().startsWith("3.1")) {
            throw new AssertionError("no OpenAPI 3.1: " + document);
        }
    }

    @Override
    public void look(String method, String path, Client.Answer answer) {
        var plain = path.replaceFirst("\\?.*", "");
        if (plain.contains("/proxy/")) {
            // What a user's server answers is its own.
            return;
        }
        var operation = operation(method, plain);
        if (operation.isEmpty()) {
            require(answer.status() >= 400, method + " " + plain + " isn't in the contract, and answers " + answer);
            return;
        }
        var responses = operation.get().path("responses");
        var status = String.valueOf(answer.status());
        require(
                responses.has(status) || answer.status() >= 400,
                method + " " + plain + " answers " + status + ", which isn't in the contract");
        var response = resolved(responses.path(responses.has(status) ? status : "default"));
        var type = answer.headers().firstValue("Content-Type").orElse("").replaceFirst(";.*", "");
        if (!type.endsWith("json")
                || answer.body().isEmpty()
                || !response.path("content").has(type)) {
            require(
                    answer.status() < 400 || answer.body().isEmpty(),
                    method + " " + plain + " answers no problem: " + answer);
            return;
        }
        var schema = response.path("content").path(type).path("schema");
        var wrong =
                schemas.computeIfAbsent(schema.toString(), _ -> schema(schema)).validate(answer.json());
        require(wrong.isEmpty(), method + " " + plain + " breaks the contract: " + wrong + "\n" + answer);
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
            throw new AssertionError(message);
        }
    }

    /** HEAD is GET without what follows the head (RFC 9110), and has no place of its own in the document. */
    private Optional<JsonNode> operation(String asked, String path) {
        var method = asked.equals("HEAD") ? "GET" : asked;
        return document.path("paths").properties().stream()
                .filter(entry -> matches(entry.getKey(), path))
                .min(Comparator.comparingLong(
                        entry -> PARAMETER.matcher(entry.getKey()).results().count()))
                .map(entry -> entry.getValue().get(method.toLowerCase(Locale.ROOT)));
    }

    private static boolean matches(String template, String path) {
        var regex = new StringBuilder();
        for (var part : template.substring(1).split("/", -1)) {
            var last = template.endsWith("/{path}") && part.equals("{path}");
            regex.append('/').append(part.startsWith("{") ? (last ? ".*" : "[^/]+") : Pattern.quote(part));
        }
        return path.matches(regex.toString());
    }

    private JsonNode resolved(JsonNode response) {
        var reference = response.path("$ref").asText();
        return reference.isEmpty()
                ? response
                : document.at(URI.create(reference).getFragment());
    }

    private JsonSchema schema(JsonNode schema) {
        ObjectNode whole = Json.MAPPER.createObjectNode();
        whole.set("components", document.path("components"));
        whole.putArray("allOf").add(schema);
        return JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(whole);
    }
}
