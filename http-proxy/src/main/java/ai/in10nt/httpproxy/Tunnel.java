package ai.in10nt.httpproxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.WriteBufferWaterMark;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.impl.ConnectionBase;
import org.jspecify.annotations.Nullable;

/**
 * Two connections joined: what one sends is written to the other, both ways, until one of them ends. Every close of Vert.x waits until
 * what was written is out, and a pipe that waits for a reader doesn't see that its writer has gone. So where nobody reads, the channel
 * itself is closed: some seconds after the other side went away, and when neither side has read anything for a minute that both were
 * sent (each waits for the other, for ever).
 */
final class Tunnel {
    /** For what a side that has closed sent before. */
    private static final long REST_MS = 5000;

    /** What waits to be written, at most, beside what was read last: many may be stuck at once. */
    private static final WriteBufferWaterMark WAITING = new WriteBufferWaterMark(8 * 1024, 16 * 1024);

    private static final long LOOK_MS = 20_000;
    private static final int LOOKS = 3;

    /** One of the two; its fields are its event loop's alone. */
    private static final class End {
        private final Channel channel;
        private @Nullable Object head;
        private int index;
        private volatile int looks;

        End(ConnectionBase connection) {
            this.channel = connection.channel();
            channel.config().setWriteBufferWaterMark(WAITING);
        }

        /** How often in a row it was seen to wait with the same bytes. */
        int looks() {
            channel.eventLoop().execute(this::look);
            return looks;
        }

        /** The same bytes are those of the same buffer, not of an equal one. */
        @SuppressWarnings("ReferenceEquality")
        private void look() {
            var buffer = channel.unsafe().outboundBuffer();
            var first = buffer == null ? null : buffer.current();
            int at = first instanceof ByteBuf bytes ? bytes.readerIndex() : 0;
            boolean isSame = first != null && first == head && at == index;
            looks = isSame ? looks + 1 : 0;
            head = first;
            index = at;
        }

        void close() {
            channel.eventLoop()
                    .execute(() -> channel.unsafe().close(channel.unsafe().voidPromise()));
        }
    }

    private Tunnel() {}

    /** When it is over. */
    static Future<Void> join(
            Vertx vertx, NetSocket client, ConnectionBase ofClient, NetSocket server, ConnectionBase ofServer) {
        var over = Promise.<Void>promise();
        var near = new End(ofClient);
        var far = new End(ofServer);
        long watch = vertx.setPeriodic(LOOK_MS, _ -> {
            if (Math.min(near.looks(), far.looks()) >= LOOKS) {
                near.close();
                far.close();
            }
        });
        server.closeHandler(_ -> {
            vertx.cancelTimer(watch);
            over.tryComplete();
            vertx.setTimer(REST_MS, _ -> near.close());
        });
        client.closeHandler(_ -> vertx.setTimer(REST_MS, _ -> far.close()));
        pipe(client, server);
        pipe(server, client);
        return over.future();
    }

    private static void pipe(NetSocket from, NetSocket to) {
        from.pipeTo(to).onComplete(_ -> {
            from.close();
            to.close();
        });
    }
}
