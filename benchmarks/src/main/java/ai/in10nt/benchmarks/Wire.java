package ai.in10nt.benchmarks;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;

/** One kept HTTP/1.1 connection that asks the same again and again: as little client as there can be beside what is measured. */
final class Wire implements AutoCloseable {
    private final Socket socket;
    private final InputStream in;
    private final byte[] request;
    private final byte[] buffer = new byte[64 * 1024];

    Wire(String url, Map<String, String> headers) throws IOException {
        var uri = URI.create(url);
        this.socket = new Socket(InetAddress.getByName(uri.getHost()), uri.getPort());
        socket.setTcpNoDelay(true);
        this.in = new BufferedInputStream(socket.getInputStream(), 64 * 1024);
        var text =
                new StringBuilder("GET " + uri.getRawPath() + (uri.getRawQuery() == null ? "" : "?" + uri.getRawQuery())
                        + " HTTP/1.1\r\nHost: " + uri.getAuthority() + "\r\n");
        headers.forEach(
                (name, value) -> text.append(name).append(": ").append(value).append("\r\n"));
        this.request = text.append("\r\n").toString().getBytes(StandardCharsets.US_ASCII);
    }

    /** The length of the body; anything but 200 fails. */
    long get() throws IOException {
        socket.getOutputStream().write(request);
        var status = line();
        if (!status.startsWith("HTTP/1.1 200")) {
            throw new IOException(status);
        }
        long length = -1;
        for (var line = line(); !line.isEmpty(); line = line()) {
            if (line.toLowerCase(Locale.ROOT).startsWith("content-length:")) {
                length = Long.parseLong(
                        line.substring("content-length:".length()).strip());
            }
        }
        if (length >= 0) {
            skip(length);
            return length;
        }
        long sum = 0;
        while (true) {
            long chunk = Long.parseLong(line(), 16);
            skip(chunk);
            line();
            if (chunk == 0) {
                return sum;
            }
            sum += chunk;
        }
    }

    private String line() throws IOException {
        var line = new StringBuilder();
        for (int c = in.read(); c != '\n'; c = in.read()) {
            if (c < 0) {
                throw new IOException("the connection ended in " + line);
            }
            if (c != '\r') {
                line.append((char) c);
            }
        }
        return line.toString();
    }

    private void skip(long length) throws IOException {
        for (long left = length; left > 0; ) {
            int read = in.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (read < 0) {
                throw new IOException("the connection ended in a body");
            }
            left -= read;
        }
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    /** One after another, on one connection. */
    static Times times(String url, Map<String, String> headers, int count) throws IOException {
        try (var wire = new Wire(url, headers)) {
            var nanos = new long[count];
            for (int i = 0; i < count; i++) {
                long began = System.nanoTime();
                wire.get();
                nanos[i] = System.nanoTime() - began;
            }
            return new Times(nanos);
        }
    }

    /** Requests a second over so many connections. */
    static double perSecond(String url, Map<String, String> headers, int connections, Duration duration)
            throws IOException, InterruptedException {
        var done = new AtomicLong();
        long began = System.nanoTime();
        try (var threads = Executors.newFixedThreadPool(connections)) {
            var all = threads.invokeAll(IntStream.range(0, connections)
                    .<Callable<Long>>mapToObj(_ -> () -> {
                        try (var wire = new Wire(url, headers)) {
                            while (System.nanoTime() - began < duration.toNanos()) {
                                wire.get();
                                done.incrementAndGet();
                            }
                        }
                        return done.get();
                    })
                    .toList());
            for (var one : all) {
                one.get();
            }
        } catch (ExecutionException e) {
            throw new IOException(url, e);
        }
        return done.get() / ((System.nanoTime() - began) / 1e9);
    }
}
