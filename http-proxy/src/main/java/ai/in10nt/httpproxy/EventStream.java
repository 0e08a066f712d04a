package ai.in10nt.httpproxy;

import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import java.time.Duration;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Server-Sent Events to one reader, written by a thread of its own that waits until each is on its way. A reader that takes nothing
 * for long is closed with {@code event: overrun}, whose data is {@code {"lastEventId":…}}: where it may go on.
 */
public final class EventStream {
    private static final Duration HEARTBEAT = Duration.ofSeconds(15);

    private final HttpServerRequest request;
    private final HttpServerResponse response;
    private final Duration patience;
    private String lastId;
    private long heard = System.nanoTime();
    private boolean isOverrun;

    private EventStream(HttpServerRequest request, Duration patience, String lastId) {
        this.request = request;
        this.response = request.response();
        this.patience = patience;
        this.lastId = lastId;
    }

    /**
     * Answers the request with a stream.
     *
     * @param kept for how long a reader may go on behind an event
     * @param patience for how long a reader may take nothing
     * @param lastId of the event that the reader has
     */
    public static EventStream open(HttpServerRequest request, Duration kept, Duration patience, String lastId)
            throws InterruptedException {
        request.response()
                .setChunked(true)
                .putHeader("Content-Type", "text/event-stream")
                .putHeader("Cache-Control", "no-cache")
                .putHeader("X-Stream-Retention-Seconds", String.valueOf(kept.toSeconds()));
        var stream = new EventStream(request, patience, lastId);
        // The reader knows now that it is heard.
        stream.write(": follows\n\n");
        return stream;
    }

    /** Whether there is still someone to give events to. */
    public boolean isOpen() {
        return !isOverrun && !response.closed() && !response.ended();
    }

    /** The id of the last event that was given. */
    public String lastId() {
        return lastId;
    }

    /** Whether it is on its way to the reader. What can't be, this one and all that follow, is for the next time. */
    public boolean give(String id, String data) throws InterruptedException {
        if (!isOpen()) {
            return false;
        }
        boolean isTaken = write("id: " + id + "\ndata: " + data + "\n\n");
        // It may still be taken, after a while; so the reader is told to go on behind it.
        lastId = id;
        if (!isTaken && !response.closed()) {
            overrun();
        }
        return isTaken;
    }

    /** Where nothing was written for a while: so that everything between here and the reader knows that the stream lives. */
    public void heartbeat() throws InterruptedException {
        if (isOpen() && System.nanoTime() - heard > HEARTBEAT.toNanos() && !write(": heartbeat\n\n")) {
            overrun();
        }
    }

    /** There will be no more. */
    public void end() throws InterruptedException {
        if (isOpen()) {
            if (write("event: end\ndata: {}\n\n")) {
                response.end();
            } else {
                overrun();
            }
        }
    }

    /** At once, whatever the reader does; it may come again with what it has. */
    public void cut() {
        Connections.cut(request);
    }

    private void overrun() throws InterruptedException {
        if (isOverrun || response.closed()) {
            return;
        }
        isOverrun = true;
        if (write("event: overrun\ndata: {\"lastEventId\":\"" + lastId + "\"}\n\n")) {
            response.end();
        } else {
            cut();
        }
    }

    /** Whether it is on its way within the reader's time; a reader that has left takes nothing. */
    private boolean write(String text) throws InterruptedException {
        try {
            response.write(text)
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(patience.toMillis(), TimeUnit.MILLISECONDS);
            heard = System.nanoTime();
            return true;
        } catch (TimeoutException | ExecutionException | CompletionException stuckOrGone) {
            return false;
        }
    }
}
