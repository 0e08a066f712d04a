package ai.in10nt.stories;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;

/** Reads a stream over a bare connection, and only when it is told to; little fits into what the system keeps for it. */
final class SlowReader implements AutoCloseable {
    private static final int RECEIVE_BYTES = 8 * 1024;
    private static final int SILENCE_MS = 30_000;

    private final Socket socket = new Socket();
    private final InputStream in;

    SlowReader(String baseUrl, String path, String key) throws IOException {
        var url = URI.create(baseUrl);
        socket.setReceiveBufferSize(RECEIVE_BYTES);
        socket.setSoTimeout(SILENCE_MS);
        socket.connect(new InetSocketAddress(url.getHost(), url.getPort()));
        in = socket.getInputStream();
        // HTTP/1.0: an answer without chunks.
        socket.getOutputStream()
                .write(("GET " + path + " HTTP/1.0\r\nHost: a\r\nAuthorization: Bearer " + key + "\r\n\r\n")
                        .getBytes(StandardCharsets.US_ASCII));
    }

    /** Byte by byte, so that nothing more is taken. */
    void readUntil(String text) throws IOException {
        var sofar = new StringBuilder();
        while (sofar.indexOf(text) < 0) {
            int next = in.read();
            if (next < 0) {
                throw new IOException("it ended: " + sofar);
            }
            sofar.append((char) next);
        }
    }

    String readToEnd() throws IOException {
        return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }
}
