package ai.in10nt.demomodel;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The demo model's HTTP server: OpenAI's chat completions, streamed or not, answered by {@link Script}. What it was asked can be
 * read at {@code GET /requests}.
 */
public final class DemoModel {
    private static final int KEPT = 500;

    private final Vertx vertx;
    private final Deque<Asked> asked = new ArrayDeque<>();
    private long count;

    /** One request that it answered. */
    private record Asked(
            long number,
            Instant at,
            String model,
            String prompt,
            List<String> tools,
            int messages,
            @Nullable Integer maxTokens,
            String outcome,
            long promptTokens,
            long completionTokens,
            @Nullable String traceparent,
            JsonNode body) {}

    private DemoModel(Vertx vertx) {
        this.vertx = vertx;
    }

    public static void main(String[] arguments) {
        var vertx = Vertx.vertx(
                new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(1).setInternalBlockingPoolSize(1));
        int port = Integer.parseInt(arguments[0]);
        var model = new DemoModel(vertx);
        vertx.createHttpServer()
                .requestHandler(model.router())
                .listen(port, arguments.length > 1 ? arguments[1] : "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        System.out.println("demo model on port " + port + ": scripted answers, no intelligence");
    }

    private Router router() {
        var router = Router.router(vertx);
        router.post("/v1/chat/completions")
                .handler(BodyHandler.create(false).setBodyLimit(32L * 1024 * 1024))
                .handler(this::complete);
        router.get("/v1/models").handler(context -> json(context, 200, Map.of("object", "list", "data", List.of())));
        router.get("/requests").handler(this::requests);
        router.get("/health").handler(context -> json(context, 200, Map.of("status", "healthy")));
        return router;
    }

    /** {@code ?contains=TEXT}: only those whose prompt has it. */
    private void requests(RoutingContext context) {
        var text = Optional.ofNullable(context.request().getParam("contains")).orElse("");
        json(
                context,
                200,
                asked.stream()
                        .filter(request -> request.prompt().contains(text))
                        .toList());
    }

    private void complete(RoutingContext context) {
        var request = Json.read(String.valueOf(context.body().asString()), JsonNode.class);
        var step = Script.next(request);
        long promptTokens = Script.tokens(request.path("messages"), request.path("tools"));
        remember(request, step, promptTokens, context.request().getHeader("traceparent"));
        after(delayOf(step), () -> answer(context, request, step, promptTokens));
    }

    private static Duration delayOf(Script.Step step) {
        return switch (step) {
            case Script.Step.Say say -> say.delay();
            case Script.Step.Call call -> call.delay();
            case Script.Step.Fail _, Script.Step.Cut _ -> Duration.ZERO;
        };
    }

    private void after(Duration delay, Runnable action) {
        if (delay.isZero()) {
            action.run();
        } else {
            vertx.setTimer(delay.toMillis(), _ -> action.run());
        }
    }

    private static long completionTokens(Script.Step step) {
        return switch (step) {
            case Script.Step.Say say -> Script.tokens(say.text());
            case Script.Step.Call call -> Script.tokens(call.text(), call.tool(), call.arguments());
            case Script.Step.Fail _, Script.Step.Cut _ -> 0;
        };
    }

    private void remember(JsonNode request, Script.Step step, long promptTokens, @Nullable String traceparent) {
        var maxTokens =
                request.hasNonNull("max_tokens") ? request.get("max_tokens") : request.path("max_completion_tokens");
        asked.addLast(new Asked(
                ++count,
                Instant.now(),
                request.path("model").asText(),
                Script.promptOf(request),
                Script.toolNames(request),
                request.path("messages").size(),
                maxTokens.isInt() ? maxTokens.asInt() : null,
                outcome(step),
                step instanceof Script.Step.Fail || step instanceof Script.Step.Cut ? 0 : promptTokens,
                completionTokens(step),
                traceparent,
                request));
        if (asked.size() > KEPT) {
            asked.removeFirst();
        }
    }

    private static String outcome(Script.Step step) {
        return switch (step) {
            case Script.Step.Say _ -> "text";
            case Script.Step.Call call -> "tool:" + call.tool();
            case Script.Step.Fail fail -> "fail:" + fail.status();
            case Script.Step.Cut _ -> "cut";
        };
    }

    private void answer(RoutingContext context, JsonNode request, Script.Step step, long promptTokens) {
        if (context.response().closed()) {
            return;
        }
        switch (step) {
            case Script.Step.Fail fail -> {
                var error = Map.of("message", fail.message(), "code", fail.status());
                json(context, fail.status(), Map.of("error", error));
            }
            case Script.Step.Cut _ -> {
                var response = startStream(context);
                send(response, chunk(request, delta().put("content", "I was goi"), null));
                response.reset();
                context.request().connection().close();
            }
            case Script.Step.Say say -> answer(context, request, say.text(), List.of(), step, promptTokens);
            case Script.Step.Call call ->
                answer(context, request, call.text(), List.of(toolCall(call)), step, promptTokens);
        }
    }

    private void answer(
            RoutingContext context,
            JsonNode request,
            String text,
            List<ObjectNode> calls,
            Script.Step step,
            long promptTokens) {
        var usage = Script.usage(promptTokens, completionTokens(step));
        var finish = calls.isEmpty() ? "stop" : "tool_calls";
        if (!request.path("stream").asBoolean()) {
            var message = delta().put("content", text);
            if (!calls.isEmpty()) {
                message.putArray("tool_calls").addAll(calls);
            }
            var body = envelope(request, "chat.completion");
            body.putArray("choices")
                    .addObject()
                    .put("index", 0)
                    .put("finish_reason", finish)
                    .set("message", message);
            body.set("usage", Json.MAPPER.valueToTree(usage));
            json(context, 200, body);
            return;
        }
        var response = startStream(context);
        for (var word : words(text)) {
            send(response, chunk(request, delta().put("content", word), null));
        }
        for (var call : calls) {
            call.put("index", 0);
            var part = delta();
            part.putArray("tool_calls").add(call);
            send(response, chunk(request, part, null));
        }
        send(response, chunk(request, Json.MAPPER.createObjectNode(), finish));
        var last = envelope(request, "chat.completion.chunk");
        last.putArray("choices");
        last.set("usage", Json.MAPPER.valueToTree(usage));
        send(response, last);
        response.write("data: [DONE]\n\n");
        response.end();
    }

    private static List<String> words(String text) {
        var words = new ArrayList<String>();
        int from = 0;
        for (int space = text.indexOf(' '); space >= 0; space = text.indexOf(' ', space + 1)) {
            words.add(text.substring(from, space + 1));
            from = space + 1;
        }
        words.add(text.substring(from));
        return words;
    }

    private static ObjectNode delta() {
        return Json.MAPPER.createObjectNode().put("role", "assistant");
    }

    private ObjectNode toolCall(Script.Step.Call call) {
        var node = Json.MAPPER.createObjectNode().put("id", "call_" + count).put("type", "function");
        node.putObject("function")
                .put("name", call.tool())
                .put("arguments", call.arguments().toString());
        return node;
    }

    private ObjectNode envelope(JsonNode request, String kind) {
        return Json.MAPPER
                .createObjectNode()
                .put("id", "demo-" + count)
                .put("object", kind)
                .put("created", Instant.now().getEpochSecond())
                .put("model", request.path("model").asText());
    }

    private ObjectNode chunk(JsonNode request, ObjectNode delta, @Nullable String finish) {
        var chunk = envelope(request, "chat.completion.chunk");
        var choice = chunk.putArray("choices").addObject().put("index", 0).put("finish_reason", finish);
        choice.set("delta", delta);
        return chunk;
    }

    private static HttpServerResponse startStream(RoutingContext context) {
        return context.response().setChunked(true).putHeader("Content-Type", "text/event-stream");
    }

    private static void send(HttpServerResponse response, JsonNode chunk) {
        response.write("data: " + chunk + "\n\n");
    }

    private static void json(RoutingContext context, int status, Object body) {
        context.response()
                .setStatusCode(status)
                .putHeader("Content-Type", "application/json")
                .end(Json.text(body));
    }
}
