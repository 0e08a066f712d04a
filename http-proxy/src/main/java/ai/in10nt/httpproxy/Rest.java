package ai.in10nt.httpproxy;

import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/** What is left of a request or of an answer that nobody reads to its end. */
public final class Rest {
    /** So often, a second and a half apart, a request was seen to stand still whose answer is out. */
    private static final int LOOKS = 3;

    private static final long LOOK_MS = 1500;

    private Rest() {}

    /**
     * Lets the client send what nobody reads any more: it may look for its answer only then. A bit later, because a pipe whose write
     * has just failed may pause its source once more.
     */
    static void discard(HttpServerRequest request) {
        Objects.requireNonNull(Vertx.currentContext())
                .runOnContext(_ -> request.handler(null).resume());
    }

    /**
     * Nobody reads the rest of this answer. Its connection is closed if that is still on its way; where all of it is here already,
     * another request may have the connection by now. To be called on the answer's context; done a bit later, as above.
     */
    public static void discard(HttpClientResponse received) {
        var context = Objects.requireNonNull(Vertx.currentContext());
        context.runOnContext(_ -> {
            received.handler(null).resume();
            context.runOnContext(_ -> {
                if (!received.end().isComplete()) {
                    received.request().reset();
                }
            });
        });
    }

    /** It has answered, and may read the rest of the request or not: what stands still because it doesn't is thrown away. */
    static void await(HttpServerRequest request, HttpClientRequest upstream) {
        var vertx = Objects.requireNonNull(Vertx.currentContext()).owner();
        var channel = ((ConnectionBase) request.connection()).channel();
        var looks = new AtomicInteger();
        var before = new AtomicLong(-1);
        vertx.setPeriodic(LOOK_MS, timer -> {
            if (request.isEnded() || !channel.isActive()) {
                vertx.cancelTimer(timer);
                return;
            }
            long read = request.bytesRead();
            boolean isStuck = upstream.writeQueueFull() && before.getAndSet(read) == read;
            looks.set(isStuck ? looks.get() + 1 : 0);
            if (looks.get() == LOOKS) {
                vertx.cancelTimer(timer);
                upstream.reset();
                discard(request);
            }
        });
    }
}
