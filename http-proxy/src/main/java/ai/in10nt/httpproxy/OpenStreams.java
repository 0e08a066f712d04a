package ai.in10nt.httpproxy;

import io.vertx.core.http.HttpServerRequest;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The streams that a server gives. One that stops cuts them first: it would wait for requests that never end, and their readers go on
 * at another one meanwhile.
 */
public final class OpenStreams {
    private final Set<HttpServerRequest> open = ConcurrentHashMap.newKeySet();
    private volatile boolean isStopping;

    /** One that comes while the server stops is cut too. */
    public void add(HttpServerRequest request) {
        open.add(request);
        if (isStopping) {
            Connections.cut(request);
        }
    }

    public void remove(HttpServerRequest request) {
        open.remove(request);
    }

    /** The server stops. */
    public void stop() {
        isStopping = true;
        open.forEach(Connections::cut);
    }
}
