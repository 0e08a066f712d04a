package ai.in10nt.agent;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.httpproxy.Exchange;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Passes requests on to what listens in the machine, on loopback too. To a dev server it is a browser on the same machine: {@code
 * Host}, {@code Origin} and {@code Location} speak of {@code localhost:PORT}; {@code X-Forwarded-*} tell what is really outside.
 */
final class PortProxy {
    private static final int CONNECT_MS = 2000;
    /** Idle connections are looked at once a second, and servers close theirs: Node's do after five. */
    private static final int KEPT_S = 3;

    /** Each may have two megabytes in the gateway that nobody reads. */
    private static final int MOST_UPGRADES = 64;

    private static final Duration KNOWN_FOR = Duration.ofSeconds(2);

    private final Ports ports;
    private final HttpClient client;
    private final AtomicInteger upgrades = new AtomicInteger();
    private final Map<Integer, Known> known = new ConcurrentHashMap<>();

    private record Known(String address, long until) {}

    PortProxy(Vertx vertx, Ports ports) {
        this.ports = ports;
        this.client = vertx.createHttpClient(
                new HttpClientOptions()
                        .setConnectTimeout(CONNECT_MS)
                        .setKeepAliveTimeout(KEPT_S)
                        .setMaxHeaderSize(64 * 1024)
                        .setMaxChunkSize(64 * 1024)
                        .setMaxInitialLineLength(64 * 1024)
                        .setTcpNoDelay(true),
                new PoolOptions().setHttp1MaxSize(512).setMaxWaitQueueSize(1024));
    }

    /** {@code /proxy/PORT/path?query}. */
    void handle(RoutingContext context) {
        var request = context.request();
        request.pause();
        int port = port(context);
        boolean isUpgrade = Exchange.isUpgrade(request);
        if (isUpgrade && upgrades.incrementAndGet() > MOST_UPGRADES) {
            upgrades.decrementAndGet();
            Api.error(
                    context,
                    new Refused(
                            503,
                            "port_too_busy",
                            "This instance has " + MOST_UPGRADES + " WebSockets open; close some of them first."));
            return;
        }
        target(context, port)
                .compose(address -> Exchange.pass(request, client, to(request, port, address), new Local(port)))
                .onFailure(failure -> {
                    known.remove(port);
                    refuse(context, port, failure);
                })
                .onComplete(_ -> upgrades.addAndGet(isUpgrade ? -1 : 0));
    }

    private int port(RoutingContext context) {
        try {
            int port = Integer.parseInt(String.valueOf(context.pathParam("port")));
            ports.check(port);
            return port;
        } catch (NumberFormatException e) {
            throw new Refused(400, "invalid_port", "port: must be 1024 to 65535.");
        }
    }

    private Future<String> target(RoutingContext context, int port) {
        var recent = known.get(port);
        if (recent != null && recent.until > System.nanoTime()) {
            return Future.succeededFuture(recent.address);
        }
        return context.vertx().executeBlocking(() -> look(port), false).map(address -> Objects.requireNonNull(address));
    }

    private String look(int port) throws IOException {
        var address = ports.address(port)
                .orElseThrow(() -> new Refused(
                        502, "port_not_listening", "Nothing listens on port " + port + " of this instance yet."));
        known.put(port, new Known(address, System.nanoTime() + KNOWN_FOR.toNanos()));
        return address;
    }

    private static RequestOptions to(HttpServerRequest request, int port, String address) {
        var uri = request.uri();
        int path = uri.indexOf('/', "/proxy/".length());
        var rest = path < 0 ? "/" : uri.substring(path);
        var headers = Exchange.endToEnd(request.headers());
        headers.remove(AgentAccess.HEADER);
        var origin = headers.get("Origin");
        var outside = headers.get("X-Forwarded-Proto") + "://" + headers.get("X-Forwarded-Host");
        if (origin != null && origin.equals(outside)) {
            headers.set("Origin", "http://localhost:" + port);
        }
        return new RequestOptions()
                .setServer(SocketAddress.inetSocketAddress(port, address))
                .setHost("localhost")
                .setPort(port)
                .setURI(rest)
                .setHeaders(headers);
    }

    /** Its own address in a redirect is only known here. */
    private record Local(int port) implements Exchange.Answer {
        @Override
        public void headers(MultiMap headers) {
            headers.remove(AgentAccess.PROBLEM_HEADER);
            var location = headers.get("Location");
            if (location != null) {
                headers.set(
                        "Location",
                        location.replaceFirst("^http://(localhost|127\\.0\\.0\\.1|\\[::1]):" + port + "(?=/|$)", ""));
            }
        }

        @Override
        public Optional<Future<Void>> instead(HttpClientResponse answer) {
            // Vert.x would keep the connection just as long as the server says, and use it when that closes it.
            answer.headers().remove("Keep-Alive");
            return Optional.empty();
        }
    }

    private static void refuse(RoutingContext context, int port, Throwable failure) {
        if (context.response().headWritten() || context.response().closed()) {
            context.request().connection().close();
        } else if (failure instanceof Refused refused) {
            Api.error(context, refused);
        } else {
            Api.error(
                    context,
                    new Refused(502, "port_not_answering", "What listens on port " + port + " doesn't answer."));
        }
    }
}
