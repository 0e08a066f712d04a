package ai.in10nt.httpproxy;

import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.WriteBufferWaterMark;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.net.NetSocket;
import io.vertx.core.net.impl.ConnectionBase;
import java.util.Objects;

/**
 * Two connections joined: what one sends is written to the other, both ways, until one of them ends. Every close of Vert.x waits until
 * what was written is out, and a pipe that waits for a reader doesn't see that its writer has gone. So where nobody reads, the channel
 * itself is closed: some seconds after the other side went away, and when neither side has read anything for a minute that both were
 * sent (each waits for the other, for ever), or one of them for five.
 */
final class Tunnel {
    /** For what a side that has closed sent before. */
    private static final long REST_MS = 5000;

    /**
     * So often only one side was seen to take nothing: for five minutes. The other one isn't read from meanwhile, so it would not be
     * noticed that it has left.
     */
    private static final int ONE_WAY_LOOKS = 15;

    /** What waits to be written, at most, beside what was read last: many may be stuck at once. */
    private static final WriteBufferWaterMark WAITING = new WriteBufferWaterMark(8 * 1024, 16 * 1024);

    private Tunnel() {}

    /** When it is over. */
    static Future<Void> join(
            Vertx vertx, NetSocket client, ConnectionBase ofClient, NetSocket server, ConnectionBase ofServer) {
        var over = Promise.<Void>promise();
        var near = new Outbound(ofClient);
        var far = new Outbound(ofServer);
        near.channel().config().setWriteBufferWaterMark(WAITING);
        far.channel().config().setWriteBufferWaterMark(WAITING);
        long watch = vertx.setPeriodic(Outbound.LOOK_MS, _ -> {
            int nearLooks = near.looks();
            int farLooks = far.looks();
            if (Math.min(nearLooks, farLooks) >= Outbound.LOOKS || Math.max(nearLooks, farLooks) >= ONE_WAY_LOOKS) {
                near.cut();
                far.cut();
            }
        });
        // Not the socket's own handler, which doesn't hear of every end.
        ofServer.closeFuture().onComplete(_ -> {
            vertx.cancelTimer(watch);
            over.tryComplete();
            vertx.setTimer(REST_MS, _ -> near.cut());
        });
        client.closeHandler(_ -> vertx.setTimer(REST_MS, _ -> far.cut()));
        send(client, server, far.channel());
        receive(client, server);
        return over.future();
    }

    /** By hand: a pipe drops what waits in it when the server hangs up. */
    private static void receive(NetSocket client, NetSocket server) {
        var own = Objects.requireNonNull(Vertx.currentContext());
        client.drainHandler(_ -> server.resume());
        server.handler(bytes -> {
                    client.write(bytes);
                    if (client.writeQueueFull()) {
                        server.pause();
                    }
                })
                .endHandler(_ -> end(client, server))
                .exceptionHandler(_ -> {
                    server.resume();
                    own.runOnContext(_ -> end(client, server));
                })
                .resume();
    }

    /** By hand: a client's connection that was upgraded never says that its queue is full, so nothing would stop what isn't read. */
    private static void send(NetSocket client, NetSocket server, Channel to) {
        var own = Objects.requireNonNull(Vertx.currentContext());
        to.pipeline().addFirst(new ChannelInboundHandlerAdapter() {
            @Override
            public void channelWritabilityChanged(ChannelHandlerContext context) {
                own.runOnContext(_ -> flow(client, to));
                context.fireChannelWritabilityChanged();
            }
        });
        client.handler(bytes -> {
                    server.write(bytes);
                    flow(client, to);
                })
                .endHandler(_ -> end(client, server))
                .exceptionHandler(_ -> end(client, server))
                .resume();
    }

    /** Whichever way it changes while this looks, it looks again. */
    private static void flow(NetSocket client, Channel to) {
        if (to.isWritable()) {
            client.resume();
        } else {
            client.pause();
        }
    }

    private static void end(NetSocket client, NetSocket server) {
        client.close();
        server.close();
    }
}
