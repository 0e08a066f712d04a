package ai.in10nt.httpproxy;

import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.vertx.core.net.impl.ConnectionBase;
import org.jspecify.annotations.Nullable;

/** Whether the peer of a connection takes what is written to it. Its fields are its event loop's alone. */
final class Outbound {
    static final long LOOK_MS = 20_000;
    /** So often the same bytes were first in the queue of one that takes nothing: for a minute. */
    static final int LOOKS = 3;

    private final ConnectionBase connection;
    private @Nullable Object head;
    private int index;
    private volatile int looks;

    Outbound(ConnectionBase connection) {
        this.connection = connection;
    }

    Channel channel() {
        return connection.channel();
    }

    /** How often in a row it was seen to wait with the same bytes; looks once more. */
    int looks() {
        channel().eventLoop().execute(this::look);
        return looks;
    }

    /** The same bytes are those of the same buffer, not of an equal one. */
    @SuppressWarnings("ReferenceEquality")
    private void look() {
        var buffer = channel().unsafe().outboundBuffer();
        var first = buffer == null ? null : buffer.current();
        int at = first instanceof ByteBuf bytes ? bytes.readerIndex() : 0;
        boolean isSame = first != null && first == head && at == index;
        looks = isSame ? looks + 1 : 0;
        head = first;
        index = at;
    }

    void cut() {
        Connections.cut(connection);
    }
}
