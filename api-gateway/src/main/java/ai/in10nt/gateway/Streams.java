package ai.in10nt.gateway;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.InstanceData;
import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.contracts.Json;
import ai.in10nt.httpproxy.Exchange;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.UncheckedIOException;
import java.net.URI;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Requests that go to an agent server as they are, bodies of any size in both directions. Which machine an instance has is asked of
 * the view once a second: an older answer leads nowhere, because the token in it is of one boot.
 */
@ApplicationScoped
class Streams {
    private static final Duration KNOWN_FOR = Duration.ofSeconds(1);
    private static final int CONNECT_MS = 2000;
    private static final int KEPT_S = 30;
    /** Two megabytes each, where nobody reads, are three quarters of the room for them. */
    private static final int MOST_UPGRADES = 192;

    static final int MAX_PROBLEM = 64 * 1024;

    /** Where an instance is, as it was a moment ago. */
    record Target(InstanceData instance, String host, int port, String token, long until) {}

    private final Machines machines;
    private final HttpClient client;
    private final AtomicInteger upgrades = new AtomicInteger();
    private final Map<String, Target> known = new ConcurrentHashMap<>();

    Streams(Machines machines, Vertx vertx) {
        this.machines = machines;
        this.client = vertx.createHttpClient(
                new HttpClientOptions()
                        .setConnectTimeout(CONNECT_MS)
                        .setKeepAliveTimeout(KEPT_S)
                        .setMaxHeaderSize(64 * 1024)
                        .setMaxChunkSize(64 * 1024)
                        .setMaxInitialLineLength(64 * 1024)
                        .setTcpNoDelay(true),
                new PoolOptions().setHttp1MaxSize(1024).setMaxWaitQueueSize(1024));
    }

    /** The instance's machine, once it is healthy; may wait for that. Ends on the caller's context, and nowhere else. */
    Future<Target> find(Vertx vertx, String tenant, String id) {
        var key = tenant + "\n" + id;
        var recent = known.get(key);
        if (recent != null && recent.until > System.nanoTime()) {
            return Future.succeededFuture(recent);
        }
        var context = vertx.getOrCreateContext();
        var found = Promise.<Target>promise();
        Thread.ofVirtual().start(() -> {
            try {
                var target = look(tenant, id, key);
                context.runOnContext(_ -> found.complete(target));
            } catch (RuntimeException e) {
                context.runOnContext(_ -> found.fail(e));
            }
        });
        return found.future();
    }

    private Target look(String tenant, String id, String key) {
        var instance = machines.healthy(tenant, id);
        var url = URI.create(Objects.requireNonNull(instance.agentUrl()));
        var target = new Target(
                instance,
                url.getHost(),
                url.getPort() < 0 ? 80 : url.getPort(),
                machines.token(instance),
                System.nanoTime() + KNOWN_FOR.toNanos());
        if (instance.status() == InstanceStatus.HEALTHY) {
            known.values().removeIf(old -> old.until < System.nanoTime());
            known.put(key, target);
        }
        return target;
    }

    /**
     * Passes the request on.
     *
     * @param uri at the agent server
     * @param headers what it is to see; the token is added
     * @param answer changes headers of what comes back
     */
    void pass(HttpServerRequest request, Target target, String uri, MultiMap headers, Consumer<MultiMap> answer) {
        boolean isUpgrade = Exchange.isUpgrade(request);
        if (isUpgrade && upgrades.incrementAndGet() > MOST_UPGRADES) {
            upgrades.decrementAndGet();
            refuse(
                    request,
                    Problem.unavailable(
                            "port_too_busy",
                            "This gateway has " + MOST_UPGRADES + " WebSockets open; try again soon."));
            return;
        }
        headers.set(AgentAccess.HEADER, target.token());
        var to = new RequestOptions()
                .setHost(target.host())
                .setPort(target.port())
                .setURI(uri)
                .setHeaders(headers);
        pass(request, to, answer)
                .onFailure(_ -> {
                    known.values().remove(target);
                    refuse(request, Machines.unreachable());
                })
                .onComplete(_ -> upgrades.addAndGet(isUpgrade ? -1 : 0));
    }

    /** Fails where nobody answers, with nothing said to the client yet. */
    private Future<Void> pass(HttpServerRequest request, RequestOptions to, Consumer<MultiMap> answer) {
        return Exchange.pass(request, client, to, new Back(request, answer));
    }

    /** What an agent server refuses becomes a problem; all else is passed on. */
    private record Back(HttpServerRequest request, Consumer<MultiMap> answer) implements Exchange.Answer {
        @Override
        public void headers(MultiMap headers) {
            answer.accept(headers);
        }

        @Override
        public Optional<Future<Void>> instead(HttpClientResponse received) {
            var code = received.getHeader(AgentAccess.PROBLEM_HEADER);
            if (code == null) {
                return Optional.empty();
            }
            return Optional.of(Exchange.body(received, MAX_PROBLEM).map(body -> {
                var range = received.getHeader("Content-Range");
                if (range != null) {
                    request.response().putHeader("Content-Range", range);
                }
                // An answer to HEAD says so in its headers alone, as does ours.
                refuse(
                        request,
                        body.length() == 0
                                ? Machines.refused(received.statusCode(), new AgentProblem(code, code))
                                : problem(received.statusCode(), body.toString()));
                return null;
            }));
        }

        private static Problem problem(int status, String body) {
            try {
                return Machines.refused(status, Json.read(body, AgentProblem.class));
            } catch (UncheckedIOException e) {
                return Machines.unreachable();
            }
        }
    }

    static void refuse(HttpServerRequest request, Throwable failure) {
        var response = request.response();
        if (response.headWritten() || response.closed()) {
            request.connection().close();
            return;
        }
        var problem = Problems.of(failure);
        response.setStatusCode(problem.status());
        problem.headers().forEach(response::putHeader);
        response.putHeader("Content-Type", Problem.MEDIA_TYPE);
        if (!request.isEnded()) {
            // What is left of the body is of no interest, and may be long.
            response.putHeader("Connection", "close");
            request.resume();
        }
        response.end(Json.text(problem.body(request.path())));
    }

    static boolean isRead(HttpServerRequest request) {
        return request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD);
    }

    /** What is said of a stream, or of the list that is asked for instead, without any of it. */
    static Future<Void> head(HttpServerRequest request) {
        boolean isList = "application/json".equals(request.getHeader("Accept"));
        return request.response()
                .putHeader("Content-Type", isList ? "application/json" : "text/event-stream")
                .end();
    }

    /** The caller's own id of the request, or a new one; the answer carries it. */
    static String requestId(HttpServerRequest request) {
        var given = request.getHeader(Authentication.REQUEST_ID_HEADER);
        var id = given != null && Authentication.REQUEST_ID.matcher(given).matches() ? given : Ids.request();
        request.response().putHeader(Authentication.REQUEST_ID_HEADER, id);
        return id;
    }

    static String scope(HttpServerRequest request) {
        return switch (request.method().name().toUpperCase(Locale.ROOT)) {
            case "GET", "HEAD", "OPTIONS" -> "read";
            default -> "write";
        };
    }
}
