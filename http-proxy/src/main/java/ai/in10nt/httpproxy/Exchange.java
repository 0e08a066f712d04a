package ai.in10nt.httpproxy;

import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.http.StreamResetException;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.HashSet;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A request passed on to another server, and its answer back: streamed both ways with back-pressure, upgrades (WebSocket) as raw
 * bytes, headers of one hop (RFC 9110, 7.6.1) left out. A client that hangs up ends the exchange on the other side, and the other
 * way round: an answer that was cut never looks whole.
 */
public final class Exchange {
    private static final Set<String> ONE_HOP = Set.of(
            "connection",
            "keep-alive",
            "proxy-connection",
            "proxy-authenticate",
            "proxy-authorization",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
            "host",
            "expect");

    /** What whoever passes it on may change of the answer. */
    public interface Answer {
        /** Headers as they go to the client, status and body aside. */
        void headers(MultiMap headers);

        /** Another answer in its place, whose body is this reader's to read; empty: it is passed on. */
        Optional<Future<Void>> instead(HttpClientResponse answer);

        /** Whether the connection of a client that takes nothing for a minute is ended: right where the answer never ends. */
        default boolean isCutWhereNobodyReads() {
            return false;
        }
    }

    private Exchange() {}

    /** The request's headers without those that belong to this hop. */
    public static MultiMap endToEnd(MultiMap headers) {
        var passed = MultiMap.caseInsensitiveMultiMap();
        var named = named(headers);
        headers.forEach((name, value) -> {
            var lower = name.toLowerCase(Locale.ROOT);
            if (!ONE_HOP.contains(lower) && !named.contains(lower)) {
                passed.add(name, value);
            }
        });
        return passed;
    }

    /** What {@code Connection} names beside the usual, in lower case. */
    private static Set<String> named(MultiMap headers) {
        var named = new HashSet<String>();
        for (var value : headers.getAll(HttpHeaders.CONNECTION)) {
            for (var token : value.split(",", -1)) {
                named.add(token.strip().toLowerCase(Locale.ROOT));
            }
        }
        return named;
    }

    /**
     * Passes it on. To be called on the request's own context.
     *
     * @param request paused, its body not read yet
     * @param to where to, with the path and the headers that the other server is to see; the method is the request's own
     * @return when all has been passed, after an upgrade too; fails where there is no answer, with nothing said to the client yet.
     *     What goes wrong later ends the connection
     */
    public static Future<Void> pass(HttpServerRequest request, HttpClient client, RequestOptions to, Answer answer) {
        if (!isOnItsThread(request)) {
            return Future.failedFuture(
                    new IllegalStateException("an exchange began on another thread than its request's"));
        }
        to.setMethod(request.method());
        if (isUpgrade(request)) {
            return Upgrade.pass(request, client, to, answer);
        }
        return client.request(to)
                .compose(upstream -> send(request, upstream))
                // A connection that was kept may have been closed by the other side just now.
                .recover(failure -> mayBeRepeated(request) && !(failure instanceof StreamResetException)
                        ? client.request(to).compose(again -> send(request, again))
                        : Future.failedFuture(failure))
                .compose(received -> receive(request, received, answer));
    }

    /** A pipe on another thread misses, now and then, that it may go on, and then never does. */
    private static boolean isOnItsThread(HttpServerRequest request) {
        return ((ConnectionBase) request.connection()).channel().eventLoop().inEventLoop();
    }

    /**
     * Whether it asks for another protocol, such as WebSocket, and for nothing else: what is offered with any request (TLS of RFC 2817, HTTP/2
     * of RFC 7540) may be declined, and is.
     */
    public static boolean isUpgrade(HttpServerRequest request) {
        var connection = String.valueOf(request.getHeader(HttpHeaders.CONNECTION));
        var protocol = request.getHeader(HttpHeaders.UPGRADE);
        if (protocol == null || request.version() != HttpVersion.HTTP_1_1) {
            return false;
        }
        var lower = protocol.toLowerCase(Locale.ROOT);
        return connection.toLowerCase(Locale.ROOT).contains("upgrade")
                && request.method().equals(HttpMethod.GET)
                && !hasBody(request)
                && !lower.contains("h2c")
                && !lower.startsWith("tls/");
    }

    private static boolean hasBody(HttpServerRequest request) {
        var length = request.getHeader(HttpHeaders.CONTENT_LENGTH);
        return length != null
                ? !length.strip().equals("0")
                : request.headers().contains(HttpHeaders.TRANSFER_ENCODING)
                        || (request.version() == HttpVersion.HTTP_2 && !request.isEnded());
    }

    private static boolean mayBeRepeated(HttpServerRequest request) {
        return !hasBody(request)
                && (request.method().equals(HttpMethod.GET) || request.method().equals(HttpMethod.HEAD))
                && !request.response().closed();
    }

    private static Future<HttpClientResponse> send(HttpServerRequest request, HttpClientRequest upstream) {
        if (request.response().closed()) {
            return gone(upstream);
        }
        endTogether(request.response(), upstream);
        if (!hasBody(request)) {
            request.resume();
            return upstream.send();
        }
        if ("100-continue".equalsIgnoreCase(request.getHeader(HttpHeaders.EXPECT))) {
            request.response().writeContinue();
        }
        if (!request.headers().contains(HttpHeaders.CONTENT_LENGTH)) {
            upstream.setChunked(true);
        }
        var answer = upstream.response();
        // The server may have an answer before there is any body.
        upstream.sendHead();
        request.pipe().endOnFailure(false).to(upstream).onFailure(_ -> {
            upstream.reset();
            Rest.discard(request);
        });
        return answer;
    }

    /** Who was gone before anybody listened isn't heard of again. */
    public static <T> Future<T> gone(HttpClientRequest upstream) {
        upstream.exceptionHandler(_ -> {}).reset();
        return Future.failedFuture("the client has left");
    }

    static void endTogether(HttpServerResponse response, HttpClientRequest upstream) {
        // What goes wrong is told by the futures; without a handler it would be logged as well.
        upstream.exceptionHandler(_ -> {});
        response.closeHandler(_ -> {
            if (!response.ended()) {
                upstream.reset();
            }
        });
        response.exceptionHandler(_ -> upstream.reset());
    }

    static Future<Void> receive(HttpServerRequest request, HttpClientResponse received, Answer answer) {
        received.pause();
        var response = request.response();
        response.closeHandler(_ -> {
            if (!response.ended()) {
                Rest.discard(received);
            }
        });
        response.exceptionHandler(_ -> Rest.discard(received));
        return answer.instead(received)
                .orElseGet(() -> passOn(request, received, answer))
                .onComplete(_ -> {
                    if (!request.isEnded()) {
                        Rest.await(request, received.request());
                    }
                });
    }

    private static Future<Void> passOn(HttpServerRequest request, HttpClientResponse received, Answer answer) {
        var response = head(request, received, answer);
        boolean hasNoBody = request.method().equals(HttpMethod.HEAD)
                || received.statusCode() == 204
                || received.statusCode() == 304;
        if (hasNoBody) {
            received.resume();
            return response.end();
        }
        if (!response.headers().contains(HttpHeaders.CONTENT_LENGTH)) {
            response.setChunked(true);
        }
        var passed = received.pipe().endOnFailure(false).to(response).recover(_ -> {
            // Whichever side has failed: what is reset here doesn't hear any more that it is closed.
            Rest.discard(received);
            if (!response.closed()) {
                // Half an answer is out: only the end of the connection says so.
                response.reset();
            }
            return Future.succeededFuture();
        });
        if (answer.isCutWhereNobodyReads()) {
            watch(request, passed);
        }
        return passed;
    }

    /**
     * All of an answer's body, which has been paused.
     *
     * @param most bytes; of a longer one nothing is kept, and it counts as empty
     */
    public static Future<Buffer> body(HttpClientResponse received, int most) {
        var whole = Promise.<Buffer>promise();
        var body = Buffer.buffer();
        received.handler(bytes -> {
                    body.appendBuffer(bytes);
                    if (body.length() > most && whole.tryComplete(Buffer.buffer())) {
                        received.request().reset();
                    }
                })
                .exceptionHandler(whole::tryFail)
                .endHandler(_ -> whole.tryComplete(body))
                .resume();
        return whole.future();
    }

    /** A client that takes nothing for a minute is gone for all that it is worth; what was written to it would wait for ever. */
    private static void watch(HttpServerRequest request, Future<Void> passed) {
        var vertx = Objects.requireNonNull(Vertx.currentContext()).owner();
        var client = new Outbound((ConnectionBase) request.connection());
        long looking = vertx.setPeriodic(Outbound.LOOK_MS, _ -> {
            if (client.looks() >= Outbound.LOOKS) {
                client.cut();
            }
        });
        passed.onComplete(_ -> vertx.cancelTimer(looking));
    }

    static HttpServerResponse head(HttpServerRequest request, HttpClientResponse received, Answer answer) {
        var response =
                request.response().setStatusCode(received.statusCode()).setStatusMessage(received.statusMessage());
        var headers = endToEnd(received.headers());
        answer.headers(headers);
        response.headers().addAll(headers);
        return response;
    }
}
