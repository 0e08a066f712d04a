package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import ai.in10nt.httpproxy.Exchange;
import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A socket that takes the calls of {@link EngineRules} and passes them on to the engine's own, which is as much as root of the host. So
 * machines-local, which others talk to, doesn't have that one.
 */
public final class EngineGuard {
    private static final int MAX_BODY = 1 << 20;
    private static final int MAX_CONNECTIONS = 256;

    private static final Exchange.Answer AS_IT_IS = new Exchange.Answer() {
        @Override
        public void headers(MultiMap headers) {}

        @Override
        public Optional<Future<Void>> instead(HttpClientResponse answer) {
            return Optional.empty();
        }
    };

    private final SocketAddress engine;
    private final HttpClient client;
    private final EngineRules rules;
    private volatile String project = "";
    private volatile @Nullable String folder;

    private EngineGuard(Vertx vertx, String engine, String network, @Nullable String folder) {
        this.engine = SocketAddress.domainSocketAddress(engine);
        this.client = vertx.createHttpClient(new HttpClientOptions().setMaxPoolSize(MAX_CONNECTIONS));
        this.rules = new EngineRules(network);
        this.folder = folder;
    }

    /**
     * By environment: {@code GUARD_LISTEN} and {@code GUARD_ENGINE}, the paths of both sockets; {@code MACHINES_NETWORK}; and
     * {@code GUARD_FOLDER}, that of machines-local, where it is in no container. In one, the guard is of the same project as
     * machines-local, which may look at itself.
     */
    public static void main(String[] arguments) throws IOException {
        var env = System.getenv();
        var listen = Path.of(env.getOrDefault("GUARD_LISTEN", "/run/engine/docker.sock"));
        Files.deleteIfExists(listen);
        var vertx = Vertx.vertx(new VertxOptions()
                .setPreferNativeTransport(true)
                .setEventLoopPoolSize(1)
                .setWorkerPoolSize(1)
                .setInternalBlockingPoolSize(1));
        var guard = new EngineGuard(
                vertx,
                env.getOrDefault("GUARD_ENGINE", "/var/run/docker.sock"),
                env.getOrDefault("MACHINES_NETWORK", "in10nt-machines"),
                env.get("GUARD_FOLDER"));
        if (Files.exists(Path.of("/.dockerenv"))) {
            guard.findProject(Files.readString(Path.of("/etc/hostname")).strip());
        }
        vertx.createHttpServer()
                .requestHandler(guard::take)
                .listen(SocketAddress.domainSocketAddress(listen.toString()))
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        System.out.println("the engine is guarded at " + listen);
    }

    private void findProject(String self) {
        var seen = ask(
                        new RequestOptions()
                                .setServer(engine)
                                .setHost("docker")
                                .setURI("/containers/" + self + "/json"),
                        Buffer.buffer())
                .compose(HttpClientResponse::body)
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        project = Json.read(seen.toString(), JsonNode.class)
                .path("Config")
                .path("Labels")
                .path("com.docker.compose.project")
                .asText();
    }

    private void take(HttpServerRequest request) {
        request.pause();
        var method = request.method().name();
        Future<Void> passed;
        try {
            passed = pass(request, method, String.valueOf(request.path()));
        } catch (UncheckedIOException e) {
            passed = refuse(request, "that isn't JSON");
        }
        passed.onFailure(failure -> answer(request, 502, "the engine doesn't answer: " + failure.getMessage()));
    }

    private Future<Void> pass(HttpServerRequest request, String method, String path) {
        if (EngineRules.lookedAt(method, path).isPresent()) {
            return look(request);
        }
        var refusal = rules.refusal(method, path, request.params());
        if (refusal.isPresent()) {
            return refuse(request, refusal.get());
        }
        if (EngineRules.isCreate(method, path)) {
            return passBody(
                    request,
                    body -> folder == null
                            ? Optional.of("machines-local hasn't looked at itself yet")
                            : rules.refusalOfContainer(
                                    String.valueOf(request.getParam("name")), body, String.valueOf(folder)));
        }
        if (EngineRules.isExec(method, path)) {
            return passBody(request, EngineRules::refusalOfExec);
        }
        return Exchange.pass(request, client, to(request), AS_IT_IS);
    }

    private RequestOptions to(HttpServerRequest request) {
        return new RequestOptions()
                .setServer(engine)
                .setHost("docker")
                .setURI(request.uri())
                .setMethod(request.method())
                .setHeaders(Exchange.endToEnd(request.headers()));
    }

    /** What is read here is what is passed on. */
    private Future<Void> passBody(HttpServerRequest request, Function<JsonNode, Optional<String>> check) {
        return body(request).compose(text -> {
            JsonNode body;
            try {
                body = Json.read(text.toString(), JsonNode.class);
            } catch (UncheckedIOException e) {
                return refuse(request, "the body isn't JSON");
            }
            var refusal = check.apply(body);
            return refusal.isPresent()
                    ? refuse(request, refusal.get())
                    : ask(to(request), Buffer.buffer(Json.text(body)))
                            .compose(answer ->
                                    answer.body().compose(content -> answer(request, answer.statusCode(), content)));
        });
    }

    private static Future<Buffer> body(HttpServerRequest request) {
        var whole = Buffer.buffer();
        request.handler(part -> {
            if (whole.length() + part.length() > MAX_BODY) {
                request.connection().close();
            } else {
                whole.appendBuffer(part);
            }
        });
        request.resume();
        return request.end().map(whole);
    }

    private Future<HttpClientResponse> ask(RequestOptions options, Buffer body) {
        if (options.getHeaders() != null) {
            options.getHeaders().remove("Content-Length");
        }
        return client.request(options).compose(asked -> asked.send(body));
    }

    /** Machines-local alone sees itself; so it is learnt where the host has its folder. */
    private Future<Void> look(HttpServerRequest request) {
        request.resume();
        return ask(to(request).setMethod(HttpMethod.GET), Buffer.buffer())
                .compose(answer -> answer.body().compose(content -> {
                    if (answer.statusCode() != 200) {
                        return answer(request, answer.statusCode(), content);
                    }
                    var seen = Json.read(content.toString(), JsonNode.class);
                    var labels = seen.path("Config").path("Labels");
                    boolean isOurs = !project.isEmpty()
                            && labels.path("com.docker.compose.project")
                                    .asText()
                                    .equals(project)
                            && labels.path("com.docker.compose.service")
                                    .asText()
                                    .equals("machines-local");
                    if (!isOurs) {
                        return refuse(request, "machines-local looks at itself alone");
                    }
                    for (var mount : seen.path("Mounts")) {
                        if (mount.path("Destination").asText().equals("/machines")) {
                            folder = mount.path("Source").asText();
                        }
                    }
                    return answer(request, 200, content);
                }));
    }

    private static Future<Void> refuse(HttpServerRequest request, String why) {
        System.err.println("refused: " + why);
        return answer(request, 403, Buffer.buffer(Json.text(Map.of("message", why))));
    }

    private static void answer(HttpServerRequest request, int status, String message) {
        if (!request.response().headWritten()) {
            var _ = answer(request, status, Buffer.buffer(Json.text(Map.of("message", message))));
        }
    }

    /** The rest of a body that nobody reads ends with its connection. */
    private static Future<Void> answer(HttpServerRequest request, int status, Buffer content) {
        var response = request.response().setStatusCode(status).putHeader("Content-Type", "application/json");
        if (!request.isEnded()) {
            response.putHeader("Connection", "close");
        }
        return response.end(content);
    }
}
