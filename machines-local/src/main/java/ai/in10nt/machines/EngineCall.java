package ai.in10nt.machines;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A call of the Docker Engine API, of which nothing is kept but what is checked.
 *
 * @param target path and query, as they were written
 * @param query each name once
 * @param body empty where there is none
 * @param registry who pulls, in Docker's words; empty: anybody
 * @param isUpgrade whether it asks for raw bytes both ways
 */
@SuppressWarnings("ArrayRecordComponent") // read once, never compared
record EngineCall(
        String method, String target, Map<String, String> query, byte[] body, String registry, boolean isUpgrade) {
    private static final int MAX_HEAD = 16 * 1024;
    private static final int MAX_BODY = 1 << 20;
    private static final Pattern LINE = Pattern.compile("([A-Z]{3,7}) (/[!-~]*) HTTP/1\\.[01]");
    private static final Pattern HEADER = Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([ -~]*?)[ \t]*");
    private static final Pattern LENGTH = Pattern.compile("[0-9]{1,7}");
    private static final Pattern BASE64 = Pattern.compile("[A-Za-z0-9+/_=-]*");

    /** Throws {@link IllegalArgumentException} where it isn't one that can be understood in one way only. */
    static EngineCall read(InputStream in) throws IOException {
        var lines = new String(head(in), StandardCharsets.ISO_8859_1).strip().split("\r\n", -1);
        var line = LINE.matcher(lines[0]);
        if (!line.matches()) {
            throw new IllegalArgumentException("no HTTP/1.1 request: " + lines[0]);
        }
        var headers = new HashMap<String, String>();
        for (var text : Arrays.copyOfRange(lines, 1, lines.length)) {
            var header = HEADER.matcher(text);
            if (!header.matches() || headers.put(header.group(1).toLowerCase(Locale.ROOT), header.group(2)) != null) {
                throw new IllegalArgumentException("a header that is none, or is there twice: " + text);
            }
        }
        if (headers.containsKey("transfer-encoding")) {
            throw new IllegalArgumentException("bodies have a Content-Length");
        }
        var length = headers.getOrDefault("content-length", "0");
        if (!LENGTH.matcher(length).matches() || Integer.parseInt(length) > MAX_BODY) {
            throw new IllegalArgumentException("Content-Length is up to " + MAX_BODY);
        }
        var registry = headers.getOrDefault("x-registry-auth", "");
        if (!BASE64.matcher(registry).matches()) {
            throw new IllegalArgumentException("X-Registry-Auth is base64");
        }
        var body = in.readNBytes(Integer.parseInt(length));
        return new EngineCall(
                line.group(1),
                line.group(2),
                query(line.group(2)),
                body,
                registry,
                headers.getOrDefault("upgrade", "").equalsIgnoreCase("tcp"));
    }

    private static Map<String, String> query(String target) {
        var query = new HashMap<String, String>();
        int begin = target.indexOf('?');
        for (var part : begin < 0 ? new String[0] : target.substring(begin + 1).split("&", -1)) {
            var pair = part.split("=", 2);
            var name = URLDecoder.decode(pair[0], StandardCharsets.UTF_8);
            var value = pair.length < 2 ? "" : URLDecoder.decode(pair[1], StandardCharsets.UTF_8);
            if (part.contains(";") || query.put(name, value) != null) {
                throw new IllegalArgumentException("a query with ; or with " + name + " twice");
            }
        }
        return query;
    }

    /** Up to and with the empty line. */
    static byte[] head(InputStream in) throws IOException {
        var head = new ByteArrayOutputStream();
        int ended = 0;
        while (ended < 4) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("it ended within a head");
            }
            head.write(next);
            ended = next == (ended % 2 == 0 ? '\r' : '\n') ? ended + 1 : next == '\r' ? 1 : 0;
            if (head.size() > MAX_HEAD) {
                throw new IllegalArgumentException("a head of more than " + MAX_HEAD + " bytes");
            }
        }
        return head.toByteArray();
    }

    String path() {
        int query = target.indexOf('?');
        return query < 0 ? target : target.substring(0, query);
    }

    EngineCall with(byte[] body) {
        return new EngineCall(method, target, query, body, registry, isUpgrade);
    }

    /** For the engine, written anew. */
    byte[] written() {
        return writtenAs("HTTP/1.1");
    }

    byte[] writtenAs(String version) {
        var head = new StringBuilder(method + " " + target + " " + version + "\r\nHost: docker\r\n");
        head.append(isUpgrade ? "Connection: Upgrade\r\nUpgrade: tcp\r\n" : "Connection: close\r\n");
        if (!registry.isEmpty()) {
            head.append("X-Registry-Auth: ").append(registry).append("\r\n");
        }
        if (body.length > 0) {
            head.append("Content-Type: application/json\r\n");
        }
        head.append("Content-Length: ").append(body.length).append("\r\n\r\n");
        var whole = new ByteArrayOutputStream();
        whole.writeBytes(head.toString().getBytes(StandardCharsets.US_ASCII));
        whole.writeBytes(body);
        return whole.toByteArray();
    }

    @Override
    public String toString() {
        return method + " " + path();
    }
}
