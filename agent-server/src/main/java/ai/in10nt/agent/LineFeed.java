package ai.in10nt.agent;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;

/** Bytes as they are written, as whole lines; what isn't text is replaced. Not for several threads at once. */
final class LineFeed {
    /** What has no line break in so much is a line. */
    private static final int LONGEST = 64 * 1024;

    private final Consumer<String> lines;
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();

    LineFeed(Consumer<String> lines) {
        this.lines = lines;
    }

    void add(byte[] bytes, int length) {
        int from = 0;
        for (int i = 0; i < length; i++) {
            if (bytes[i] == '\n') {
                line.write(bytes, from, i - from);
                from = i + 1;
                tell();
            }
        }
        line.write(bytes, from, length - from);
        if (line.size() >= LONGEST) {
            tell();
        }
    }

    /** The last line may have no break. */
    void end() {
        if (line.size() > 0) {
            tell();
        }
    }

    private void tell() {
        var text = line.toString(StandardCharsets.UTF_8);
        line.reset();
        lines.accept(text.endsWith("\r") ? text.substring(0, text.length() - 1) : text);
    }
}
