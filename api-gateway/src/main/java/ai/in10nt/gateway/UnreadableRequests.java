package ai.in10nt.gateway;

import ai.in10nt.contracts.Json;
import io.netty.bootstrap.ChannelInitializerExtension;
import io.netty.buffer.Unpooled;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.socket.DuplexChannel;
import io.netty.handler.codec.http.HttpRequest;
import io.netty.handler.codec.http.HttpResponseStatus;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.netty.util.ReferenceCountUtil;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;

/**
 * Answers what is no HTTP, or has larger headers than we take, by a problem like everything else, before Vert.x sees it. Vert.x
 * would close at once; to a client that is still sending, that is a connection reset instead of an answer. So this lets the client
 * end first, for a while, and throws away what it still sends. Netty finds it by its service file, where
 * {@code -Dio.netty.bootstrap.extensions=serviceload} is set.
 */
public final class UnreadableRequests extends ChannelInitializerExtension {
    private static final int LINGER_SECONDS = 5;
    private static final String DECODER = "httpDecoder";

    @Override
    public void postInitializeServerChildChannel(Channel channel) {
        channel.pipeline().addFirst(new Placing());
    }

    /** The decoder's place in the pipeline is known when the first bytes come. */
    private static final class Placing extends ChannelInboundHandlerAdapter {
        @Override
        public void channelRead(ChannelHandlerContext context, Object bytes) {
            var pipeline = context.pipeline();
            if (pipeline.get(DECODER) != null) {
                pipeline.addAfter(DECODER, null, new Refusing());
            }
            context.fireChannelRead(bytes);
            pipeline.remove(this);
        }
    }

    private static final class Refusing extends ChannelInboundHandlerAdapter {
        private boolean isRefused;

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            if (!isRefused
                    && !(message instanceof HttpRequest request
                            && request.decoderResult().isFailure())) {
                context.fireChannelRead(message);
                return;
            }
            try {
                if (!isRefused && message instanceof HttpRequest request) {
                    isRefused = true;
                    refuse(context, problem(request.decoderResult().cause()));
                }
            } finally {
                ReferenceCountUtil.release(message);
            }
        }

        private static void refuse(ChannelHandlerContext context, Problem problem) {
            var body = Json.text(problem.body(null));
            var answer = """
                    HTTP/1.1 %d %s\r
                    content-type: %s\r
                    content-length: %d\r
                    connection: close\r
                    \r
                    %s""".formatted(
                            problem.status(),
                            HttpResponseStatus.valueOf(problem.status()).reasonPhrase(),
                            Problem.MEDIA_TYPE,
                            body.length(),
                            body);
            // From the decoder's place on: Vert.x's encoder writes answers of Vert.x only.
            var decoder = context.pipeline().context(DECODER);
            decoder.writeAndFlush(Unpooled.copiedBuffer(answer, StandardCharsets.US_ASCII))
                    .addListener(_ -> {
                        if (context.channel() instanceof DuplexChannel channel) {
                            var _ = channel.shutdownOutput();
                        }
                    });
            context.channel().config().setAutoRead(true);
            var end = context.executor()
                    .schedule(
                            () -> {
                                var _ = context.close();
                            },
                            LINGER_SECONDS,
                            TimeUnit.SECONDS);
            context.channel().closeFuture().addListener((ChannelFutureListener) _ -> end.cancel(false));
        }
    }

    private static Problem problem(Throwable cause) {
        return switch (cause) {
            case TooLongHttpLineException _ ->
                Problem.of(414, "uri_too_long", "The request line is longer than 4096 bytes.");
            case TooLongHttpHeaderException _ ->
                Problem.of(431, "headers_too_large", "The headers are larger than 32 KiB together.");
            default -> Problem.of(400, "bad_request", "This is no HTTP request.");
        };
    }
}
