package ai.in10nt.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import jakarta.ws.rs.HttpMethod;
import jakarta.ws.rs.Path;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** The contract as a document, and the code: each has what the other has. */
class OpenApiTest {
    private static final java.nio.file.Path CLASSES = java.nio.file.Path.of("target/classes/ai/in10nt/gateway");
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "head");
    /** Those that bodies of any size go through, past JAX-RS. */
    private static final List<String> ROUTES = List.of(
            "get /instances/{id}",
            "get /instances/{id}/files/{path}",
            "head /instances/{id}/files/{path}",
            "put /instances/{id}/files/{path}",
            "get /health/live",
            "get /health/ready",
            "get /metrics",
            "get /openapi",
            "get /instances/{id}/tasks/{taskId}/events",
            "get /events",
            "get /instances/{id}/logs",
            "get /instances/{id}/logs/stream",
            "get /instances/{id}/proxy/{port}/{path}",
            "post /instances/{id}/proxy/{port}/{path}",
            "put /instances/{id}/proxy/{port}/{path}",
            "delete /instances/{id}/proxy/{port}/{path}");

    private static JsonNode document() throws IOException {
        return new YAMLMapper()
                .readTree(java.nio.file.Path.of("src/main/resources/META-INF/openapi.yaml")
                        .toFile());
    }

    @Test
    void it_has_every_path_of_the_code_and_no_other() throws Exception {
        var documented = new TreeSet<String>();
        document()
                .path("paths")
                .properties()
                .forEach(path -> path.getValue().fieldNames().forEachRemaining(method -> {
                    if (METHODS.contains(method)) {
                        documented.add(method + " " + path.getKey());
                    }
                }));

        assertThat(documented).isEqualTo(coded());
    }

    private static Set<String> coded() throws Exception {
        var coded = new TreeSet<>(ROUTES);
        try (var files = Files.list(CLASSES)) {
            for (var file : (Iterable<java.nio.file.Path>) files::iterator) {
                var name = file.getFileName().toString().replaceFirst("\\.class$", "");
                if (name.endsWith("Resource")) {
                    add(coded, Class.forName("ai.in10nt.gateway." + name));
                }
            }
        }
        // in10nt's own, in the class of what else isn't built.
        coded.remove("post /instances/from-saved-template");
        return coded;
    }

    private static void add(Set<String> coded, Class<?> resource) {
        var base = resource.getAnnotation(Path.class);
        if (base == null) {
            return;
        }
        for (var method : resource.getDeclaredMethods()) {
            var path = method.getAnnotation(Path.class);
            Arrays.stream(method.getAnnotations())
                    .map(annotation -> annotation.annotationType().getAnnotation(HttpMethod.class))
                    .filter(verb -> verb != null)
                    .forEach(verb -> coded.add(verb.value().toLowerCase(Locale.ROOT) + " "
                            + (base.value() + (path == null ? "" : path.value()))
                                    .replaceAll("\\{(\\w+):[^}]*}", "{$1}")));
        }
    }

    @Test
    void each_operation_says_what_it_does_by_an_example() throws IOException {
        document()
                .path("paths")
                .properties()
                .forEach(path -> path.getValue().properties().stream()
                        .filter(operation -> METHODS.contains(operation.getKey()))
                        .forEach(operation -> {
                            var name = operation.getKey() + " " + path.getKey();
                            assertThat(operation.getValue().path("summary").asText())
                                    .as(name)
                                    .isNotEmpty();
                            assertThat(operation.getValue().path("responses").has("200")
                                            || operation
                                                    .getValue()
                                                    .path("responses")
                                                    .has("201"))
                                    .as(name)
                                    .isTrue();
                            if (operation.getValue().has("requestBody")) {
                                assertThat(operation
                                                .getValue()
                                                .path("requestBody")
                                                .toString())
                                        .as(name)
                                        .contains("\"example\"");
                            }
                        }));
    }
}
