package ai.in10nt.httpproxy;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.Objects;

/** A request that asks for another protocol, such as WebSocket: passed on, and its connections joined where the other server agrees. */
final class Upgrade {
    private Upgrade() {}

    /** As {@link Exchange#pass}. */
    static Future<Void> pass(HttpServerRequest request, HttpClient client, RequestOptions to, Exchange.Answer answer) {
        to.putHeader("Connection", "Upgrade");
        to.putHeader("Upgrade", request.getHeader(HttpHeaders.UPGRADE));
        return client.request(to).compose(upstream -> {
            if (request.response().closed()) {
                return Exchange.gone(upstream);
            }
            Exchange.endTogether(request.response(), upstream);
            request.resume();
            return upstream.connect()
                    .compose(received -> received.statusCode() == 101
                            ? join(request, received, answer)
                            // A request for an upgrade has no end, so its connection is good for nothing else.
                            : Exchange.receive(request, received, answer).onComplete(_ -> upstream.reset()));
        });
    }

    private static Future<Void> join(HttpServerRequest request, HttpClientResponse received, Exchange.Answer answer) {
        var other = received.netSocket();
        other.pause();
        Exchange.head(request, received, answer)
                .putHeader("Connection", "Upgrade")
                .putHeader("Upgrade", String.valueOf(received.getHeader(HttpHeaders.UPGRADE)));
        var vertx = Objects.requireNonNull(Vertx.currentContext()).owner();
        var ofOther = (ConnectionBase) received.request().connection();
        return Future.future((Promise<NetSocket> upgraded) -> {
                    if (request.response().closed()) {
                        upgraded.fail("the client has left");
                    } else {
                        request.toNetSocket().onComplete(upgraded);
                    }
                })
                .onFailure(_ -> other.close())
                .compose(socket -> Tunnel.join(vertx, socket, (ConnectionBase) socket, other, ofOther));
    }
}
