package ai.in10nt.provisioner;

import ai.in10nt.contracts.Json;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.QueryParam;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** {@link FlyMachines} outside Quarkus: reads the interface's own annotations, so that the driver is tested over real HTTP. */
final class FlyOverHttp {
    private static final HttpClient HTTP =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

    private FlyOverHttp() {}

    static FlyMachines client(String baseUrl, String token) {
        return (FlyMachines) Proxy.newProxyInstance(
                FlyMachines.class.getClassLoader(),
                new Class<?>[] {FlyMachines.class},
                (_, method, arguments) -> call(baseUrl, token, method, arguments == null ? new Object[0] : arguments));
    }

    private static @Nullable Object call(String baseUrl, String token, Method method, @Nullable Object[] arguments) {
        var path =
                "/v1" + Objects.requireNonNull(method.getAnnotation(Path.class)).value();
        var query = new StringBuilder();
        Object body = null;
        var parameters = method.getParameters();
        for (int i = 0; i < parameters.length; i++) {
            var inPath = parameters[i].getAnnotation(PathParam.class);
            var inQuery = parameters[i].getAnnotation(QueryParam.class);
            if (inPath != null) {
                path = path.replace("{" + inPath.value() + "}", String.valueOf(arguments[i]));
            } else if (inQuery == null) {
                body = arguments[i];
            } else if (arguments[i] != null) {
                query.append(query.isEmpty() ? "?" : "&")
                        .append(inQuery.value())
                        .append('=')
                        .append(arguments[i]);
            }
        }
        var verb = method.isAnnotationPresent(POST.class)
                ? "POST"
                : method.isAnnotationPresent(DELETE.class) ? "DELETE" : "GET";
        var answer = send(baseUrl + path + query, verb, body == null ? null : Json.text(body), token);
        if (answer.statusCode() >= 400) {
            var error = Json.read(answer.body(), com.fasterxml.jackson.databind.JsonNode.class);
            throw new FlyProblem(
                    answer.statusCode(),
                    error.path("status").asText(""),
                    error.path("error").asText(),
                    FlyProblem.retryAfter(
                            answer.headers().firstValue("Retry-After").orElse(null)));
        }
        var type = Json.MAPPER.getTypeFactory().constructType(method.getGenericReturnType());
        return method.getReturnType() == void.class ? null : Json.MAPPER.convertValue(json(answer.body()), type);
    }

    private static com.fasterxml.jackson.databind.JsonNode json(String body) {
        return Json.read(body, com.fasterxml.jackson.databind.JsonNode.class);
    }

    static HttpResponse<String> send(String url, String method, @Nullable String body, String token) {
        var request = HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofSeconds(20))
                .header("Authorization", "Bearer " + token)
                .method(
                        method,
                        body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(body))
                .build();
        try {
            return HTTP.send(request, HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            // As the REST client says it: whether it happened isn't known.
            throw new ProcessingException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
