package ai.in10nt.log;

import ai.in10nt.httpproxy.Connections;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** One open stream: how far its reader has come, and whether it takes what it is given. Of its hub's context alone. */
final class Reader {
    private static final int WAITING_BYTES = 64 * 1024;
    private static final Buffer HEARTBEAT = Buffer.buffer(": heartbeat\n\n");

    private final HttpConnection connection;
    private final HttpServerResponse response;
    private long position;
    /** Has all that its hub has, and is given what comes. */
    private boolean isLive;

    private boolean isGone;
    private @Nullable Future<Void> lastWords;
    private long heard = System.nanoTime();
    private long stuckSince;
    private long stuckAt = -1;

    Reader(HttpConnection connection, HttpServerResponse response, long position) {
        this.connection = connection;
        this.response = response;
        this.position = position;
        response.setWriteQueueMaxSize(WAITING_BYTES);
    }

    long position() {
        return position;
    }

    boolean isLive() {
        return isLive;
    }

    void live(boolean live) {
        isLive = live;
    }

    boolean isGone() {
        return isGone || response.closed();
    }

    boolean isFull() {
        return response.writeQueueFull();
    }

    /** Once, where Vert.x would tell of every time; also where it has drained on its own context before this was asked. */
    void whenDrained(Runnable action) {
        var isDone = new AtomicBoolean();
        Runnable once = () -> {
            if (isDone.compareAndSet(false, true)) {
                action.run();
            }
        };
        response.drainHandler(_ -> once.run());
        if (!isFull()) {
            once.run();
        }
    }

    void give(Buffer events, long last) {
        response.write(events);
        position = last;
        heard = System.nanoTime();
    }

    /** So that everything between here and the reader knows that the stream lives. */
    void heartbeat(long afterNanos) {
        if (System.nanoTime() - heard > afterNanos && !isFull()) {
            heard = System.nanoTime();
            response.write(HEARTBEAT);
        }
    }

    /** For how long it has taken nothing although there is something. */
    long stuckNanos() {
        if (!isFull() || position != stuckAt) {
            stuckAt = position;
            stuckSince = System.nanoTime();
        }
        return System.nanoTime() - stuckSince;
    }

    /** It has all that there will ever be. */
    void end() {
        isGone = true;
        lastWords = response.end("event: end\ndata: {}\n\n");
    }

    /** It may come again with what it has; what it was given so far, and this, it may still take for a while. */
    void overrun() {
        isGone = true;
        lastWords = response.end("event: overrun\ndata: {\"lastEventId\":\"" + position + "\"}\n\n");
    }

    /**
     * Ends the connection of one that doesn't take its last words; Vert.x would wait until it does. Another's may be another stream's by
     * now.
     */
    void cut() {
        if (lastWords != null && !lastWords.isComplete()) {
            Connections.cut(connection);
        }
    }
}
