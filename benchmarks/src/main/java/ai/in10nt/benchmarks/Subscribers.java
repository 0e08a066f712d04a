package ai.in10nt.benchmarks;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Any number of readers of one event stream, on one thread. They count the events that carry {@link #MARK}, and do nothing else
 * with them: a single byte isn't cut in two by HTTP's chunks.
 */
final class Subscribers implements AutoCloseable {
    private static final long SILENCE_MS = 3000;
    static final char MARK = '~';

    private final Selector selector = Selector.open();
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(256 * 1024);
    private int connected;
    private long events;

    Subscribers(String url, int count, Map<String, String> headers) throws IOException {
        var uri = URI.create(url);
        var request =
                new StringBuilder("GET " + uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery())
                        + " HTTP/1.1\r\nHost: " + uri.getAuthority() + "\r\nAccept: text/event-stream\r\n");
        headers.forEach(
                (name, value) -> request.append(name).append(": ").append(value).append("\r\n"));
        var bytes = request.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i < count; i++) {
            var channel = SocketChannel.open(new InetSocketAddress(uri.getHost(), uri.getPort()));
            channel.write(ByteBuffer.wrap(bytes));
            channel.configureBlocking(false);
            channel.register(selector, SelectionKey.OP_READ);
        }
        while (connected < count) {
            read();
        }
    }

    /** Events of all readers so far. */
    long events() {
        return events;
    }

    /** Until they have so many together. */
    void await(long wanted) throws IOException {
        while (events < wanted) {
            read();
        }
    }

    /** The same of a server that may lose some: until nothing comes for a while; when the last one came. */
    long awaitWhatComes(long wanted) throws IOException {
        long last = System.nanoTime();
        while (events < wanted && read(SILENCE_MS)) {
            last = System.nanoTime();
        }
        return last;
    }

    private void read() throws IOException {
        if (!read(30_000)) {
            throw new IOException("nothing comes, after " + events + " events");
        }
    }

    private boolean read(long patienceMs) throws IOException {
        if (selector.select(patienceMs) == 0) {
            return false;
        }
        var keys = selector.selectedKeys().iterator();
        while (keys.hasNext()) {
            var key = keys.next();
            keys.remove();
            buffer.clear();
            if (((SocketChannel) key.channel()).read(buffer) < 0) {
                throw new IOException("a stream ended, after " + events + " events");
            }
            if (key.attachment() == null) {
                key.attach(this);
                connected++;
            }
            for (int i = 0; i < buffer.position(); i++) {
                if (buffer.get(i) == MARK) {
                    events++;
                }
            }
        }
        return true;
    }

    @Override
    public void close() throws IOException {
        for (var key : selector.keys()) {
            key.channel().close();
        }
        selector.close();
    }
}
