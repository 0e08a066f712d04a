package ai.in10nt.httpproxy;

import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.net.impl.ConnectionBase;

/** What Vert.x does for connections only after all that was written to them is taken. */
public final class Connections {
    private Connections() {}

    /** Ends the answer now, and with it the connection where no other request is on it. */
    public static void cut(HttpServerRequest request) {
        if (request.version() == HttpVersion.HTTP_2) {
            request.response().reset();
        } else {
            cut(request.connection());
        }
    }

    /** Ends it now, whatever waits to be taken. */
    public static void cut(HttpConnection connection) {
        if (connection instanceof ConnectionBase base) {
            cut(base);
        }
    }

    static void cut(ConnectionBase connection) {
        var channel = connection.channel();
        channel.eventLoop()
                .execute(() -> channel.unsafe().close(channel.unsafe().voidPromise()));
    }
}
