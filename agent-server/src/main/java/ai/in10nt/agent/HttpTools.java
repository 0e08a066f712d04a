package ai.in10nt.agent;

import ai.in10nt.contracts.AgentRun;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.TaskCommand.HttpTool;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.http.HttpServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP tools of the present run, as a server of the Model Context Protocol (revision 2025-06-18, streamable HTTP without
 * streams or sessions), on loopback for the agent. A call is one POST of the arguments; there is no second try.
 */
final class HttpTools {
    static final String PATH = "/mcp";

    private static final String REVISION = "2025-06-18";
    private static final Duration PATIENCE = Duration.ofMinutes(5);
    /** More than this isn't shown to the model. */
    private static final int MOST_BYTES = 256 * 1024;

    private static final int INVALID_REQUEST = -32600;
    private static final int METHOD_NOT_FOUND = -32601;
    private static final int INVALID_PARAMS = -32602;

    private final Runs runs;
    private final Variables variables;
    private final Masks masks;
    private final HttpClient http = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(10))
            .build();

    HttpTools(AgentConfig config, Runs runs) {
        this.runs = runs;
        this.variables = new Variables(config);
        this.masks = new Masks(config);
    }

    void handle(HttpServerRequest request) {
        if (!request.method().name().equals("POST")) {
            request.response().setStatusCode(405).putHeader("Allow", "POST").end();
            return;
        }
        request.body().onSuccess(body -> Thread.ofVirtual().start(() -> answer(request, body.toString())));
    }

    private void answer(HttpServerRequest request, String body) {
        JsonNode call;
        try {
            call = Json.read(body, JsonNode.class);
        } catch (UncheckedIOException e) {
            send(request, 400, error(null, INVALID_REQUEST, "not JSON"));
            return;
        }
        if (!call.hasNonNull("id")) {
            request.response().setStatusCode(202).end();
            return;
        }
        send(request, 200, answerTo(call));
    }

    private ObjectNode answerTo(JsonNode call) {
        var params = call.path("params");
        return switch (call.path("method").asText()) {
            case "initialize" -> result(call, initialized());
            case "ping" -> result(call, Json.MAPPER.createObjectNode());
            case "tools/list" -> result(call, list());
            case "tools/call" -> {
                var run = runs.currentRequest();
                var tool = run.stream()
                        .flatMap(of -> BroughtTools.httpTools(of.options()).stream())
                        .filter(of -> of.name().equals(params.path("name").asText()))
                        .findFirst();
                yield tool.isEmpty()
                        ? error(call.get("id"), INVALID_PARAMS, "this run has no such tool")
                        : result(call, call(tool.get(), params.path("arguments"), run.get()));
            }
            default -> error(call.get("id"), METHOD_NOT_FOUND, "no such method");
        };
    }

    private static ObjectNode initialized() {
        var result = Json.MAPPER.createObjectNode().put("protocolVersion", REVISION);
        result.putObject("capabilities").putObject("tools");
        result.putObject("serverInfo").put("name", "in10nt").put("version", "1");
        return result;
    }

    private ObjectNode list() {
        var result = Json.MAPPER.createObjectNode();
        var tools = result.putArray("tools");
        runs.currentRequest()
                .ifPresent(run -> BroughtTools.httpTools(run.options())
                        .forEach(tool -> tools.addObject()
                                .put("name", tool.name())
                                .put("description", tool.description())
                                .set("inputSchema", tool.parameters())));
        return result;
    }

    /** What went wrong is for the model too: it may try something else. */
    private ObjectNode call(HttpTool tool, JsonNode arguments, AgentRun.Request run) {
        try {
            var request = HttpRequest.newBuilder(URI.create(variables.in(tool.url())))
                    .timeout(PATIENCE)
                    .POST(HttpRequest.BodyPublishers.ofString(arguments.isObject() ? Json.text(arguments) : "{}"));
            variables.in(tool.headers()).forEach(request::setHeader);
            request.setHeader("Content-Type", "application/json");
            if (run.trace() != null) {
                request.setHeader("traceparent", run.trace().traceparent());
            }
            var response = http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
            // The request's own time ends with the answer's head.
            var late = CompletableFuture.runAsync(
                    () -> close(response.body()),
                    CompletableFuture.delayedExecutor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS));
            try (var body = response.body()) {
                var bytes = body.readNBytes(MOST_BYTES);
                var text = new String(bytes, StandardCharsets.UTF_8)
                        + (bytes.length == MOST_BYTES && body.read() >= 0 ? "\n[cut after 256 KiB]" : "");
                boolean isGood = response.statusCode() >= 200 && response.statusCode() < 300;
                return content(isGood ? text : "HTTP " + response.statusCode() + "\n" + text, !isGood);
            } finally {
                late.cancel(false);
            }
        } catch (IOException | IllegalArgumentException | Variables.Unknown e) {
            return content(masks.in(tool.name() + " can't be reached: " + e), true);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return content("interrupted", true);
        }
    }

    private static void close(InputStream body) {
        try {
            body.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static ObjectNode content(String text, boolean isError) {
        var result = Json.MAPPER.createObjectNode().put("isError", isError);
        result.putArray("content").addObject().put("type", "text").put("text", text);
        return result;
    }

    private static ObjectNode result(JsonNode call, JsonNode result) {
        var answer = Json.MAPPER.createObjectNode().put("jsonrpc", "2.0");
        answer.set("id", call.get("id"));
        answer.set("result", result);
        return answer;
    }

    private static ObjectNode error(@Nullable JsonNode id, int code, String message) {
        var answer = Json.MAPPER.createObjectNode().put("jsonrpc", "2.0");
        answer.set("id", id);
        answer.putObject("error").put("code", code).put("message", message);
        return answer;
    }

    private static void send(HttpServerRequest request, int status, ObjectNode answer) {
        if (!request.response().closed()) {
            request.response()
                    .setStatusCode(status)
                    .putHeader("Content-Type", "application/json")
                    .end(Json.text(answer));
        }
    }
}
