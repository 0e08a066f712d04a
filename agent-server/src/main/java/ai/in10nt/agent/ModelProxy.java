package ai.in10nt.agent;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.TaskCommand.RunOptions;
import ai.in10nt.contracts.Trace;
import ai.in10nt.httpproxy.Exchange;
import ai.in10nt.httpproxy.Rest;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Stands between the agent and the model's provider. It alone has the provider's key; it puts in the run's model and token limit,
 * and counts what each call used. Bodies are passed on as they come.
 */
final class ModelProxy {
    private static final Set<String> NOT_PASSED_ON = Set.of(
            "authorization",
            "host",
            "content-length",
            "connection",
            "transfer-encoding",
            "keep-alive",
            "te",
            "upgrade",
            "accept-encoding");

    private final AgentConfig config;
    private final Runs runs;
    private final HttpClient client;

    ModelProxy(Vertx vertx, AgentConfig config, Runs runs) {
        this.config = config;
        this.runs = runs;
        this.client = vertx.createHttpClient(new HttpClientOptions()
                .setConnectTimeout(10_000)
                .setMaxPoolSize(8)
                .setVerifyHost(true));
    }

    void handle(HttpServerRequest request) {
        var run = runs.currentRequest();
        var provider =
                run.map(of -> config.secrets().providers().get(of.options().provider()));
        if (run.isEmpty() || provider.isEmpty() || !"/v1/chat/completions".equals(request.path())) {
            refuse(request, 404, "There is no run that asks a model now.");
            return;
        }
        request.body()
                .map(body -> rewrite(body, run.get().options()))
                .compose(body -> ask(request, provider.get(), run.get().trace(), body))
                .onFailure(e -> refuse(request, 502, "The model provider can't be reached: " + e.getMessage()));
    }

    private static Buffer rewrite(Buffer body, RunOptions options) {
        var json = (ObjectNode) Json.read(body.getBytes(), JsonNode.class);
        json.put("model", options.model());
        if (options.maxTokens() != null) {
            var field = json.has("max_completion_tokens") ? "max_completion_tokens" : "max_tokens";
            json.put(field, Math.min(options.maxTokens(), json.path(field).asInt(Integer.MAX_VALUE)));
        }
        if (json.path("stream").asBoolean()) {
            json.putObject("stream_options").put("include_usage", true);
        }
        if (options.provider().equals("openrouter")) {
            json.putObject("usage").put("include", true);
        }
        return Buffer.buffer(Json.bytes(json));
    }

    private Future<Void> ask(
            HttpServerRequest request, AgentConfig.Provider provider, @Nullable Trace trace, Buffer body) {
        var url = new RequestOptions()
                .setMethod(HttpMethod.POST)
                .setAbsoluteURI(provider.baseUrl().replaceAll("/+$", "") + "/chat/completions");
        return client.request(url).compose(upstream -> {
            request.headers().forEach(header -> {
                if (!NOT_PASSED_ON.contains(header.getKey().toLowerCase(java.util.Locale.ROOT))) {
                    upstream.putHeader(header.getKey(), header.getValue());
                }
            });
            if (trace != null) {
                upstream.putHeader("traceparent", trace.traceparent());
            }
            if (provider.apiKey() != null) {
                upstream.putHeader("Authorization", "Bearer " + provider.apiKey());
            }
            upstream.exceptionHandler(_ -> {});
            // When the agent hangs up, because the run was aborted, the provider is hung up on too.
            if (request.response().closed()) {
                return Exchange.gone(upstream);
            }
            request.response().closeHandler(_ -> upstream.reset());
            return upstream.send(body).compose(answer -> pass(request, provider, answer));
        });
    }

    private Future<Void> pass(HttpServerRequest request, AgentConfig.Provider provider, HttpClientResponse answer) {
        var response = request.response().setStatusCode(answer.statusCode());
        for (var name : Set.of("Content-Type", "Retry-After", "x-request-id")) {
            if (answer.getHeader(name) != null) {
                response.putHeader(name, answer.getHeader(name));
            }
        }
        response.setChunked(true).closeHandler(_ -> Rest.discard(answer));
        var meter = new Meter(String.valueOf(answer.getHeader("Content-Type")).startsWith("text/event-stream"));
        answer.handler(chunk -> {
            meter.read(chunk);
            response.write(chunk);
            if (response.writeQueueFull()) {
                answer.pause();
                response.drainHandler(_ -> answer.resume());
            }
        });
        answer.exceptionHandler(_ -> response.reset());
        return answer.end().compose(_ -> {
            meter.usage().ifPresent(usage -> count(usage, provider));
            return response.end();
        });
    }

    private void count(JsonNode usage, AgentConfig.Provider provider) {
        long input = usage.path("prompt_tokens").asLong();
        long output = usage.path("completion_tokens").asLong();
        double cost = usage.hasNonNull("cost")
                ? usage.get("cost").asDouble()
                : (input * price(provider.inputPrice()) + output * price(provider.outputPrice())) / 1_000_000;
        runs.used(input, output, cost);
    }

    private static double price(@Nullable Double perMillion) {
        return perMillion == null ? 0 : perMillion;
    }

    private static void refuse(HttpServerRequest request, int status, String message) {
        var response = request.response();
        if (response.ended() || response.headWritten()) {
            request.connection().close();
            return;
        }
        var body = Json.MAPPER.createObjectNode();
        body.putObject("error").put("message", message).put("code", status);
        response.setStatusCode(status)
                .putHeader("Content-Type", "application/json")
                .end(Json.text(body));
    }

    /** Finds the usage in an answer that passes by: in the last data line of a stream that has one, or in the whole body. */
    private static final class Meter {
        private final boolean isStream;
        private final StringBuilder line = new StringBuilder();
        private Optional<JsonNode> usage = Optional.empty();

        Meter(boolean isStream) {
            this.isStream = isStream;
        }

        void read(Buffer chunk) {
            line.append(chunk.toString(java.nio.charset.StandardCharsets.ISO_8859_1));
            if (!isStream) {
                return;
            }
            int end;
            while ((end = line.indexOf("\n")) >= 0) {
                look(line.substring(0, end));
                line.delete(0, end + 1);
            }
        }

        private void look(String text) {
            if (text.startsWith("data:") && text.contains("\"usage\"")) {
                usageOf(text.substring(5)).ifPresent(found -> usage = Optional.of(found));
            }
        }

        Optional<JsonNode> usage() {
            return isStream ? usage : usageOf(line.toString());
        }

        private static Optional<JsonNode> usageOf(String json) {
            try {
                var found = Json.MAPPER.readTree(json).path("usage");
                return found.isObject() ? Optional.of(found) : Optional.empty();
            } catch (com.fasterxml.jackson.core.JsonProcessingException e) {
                // Not for us to judge: the agent gets the same bytes.
                return Optional.empty();
            }
        }
    }
}
