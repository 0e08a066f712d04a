package ai.in10nt.agent;

import ai.in10nt.contracts.AgentCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** What a command writes: its beginning is kept, and all of it is read, so that it is never held up. */
final class Output {
    /** What is in the pipes when the command itself has ended; what it left running may write for ever. */
    private static final Duration SETTLES_WITHIN = Duration.ofMillis(200);

    private final Kept stdout = new Kept();
    private final Kept stderr = new Kept();
    private final Kept both = new Kept();
    private final Thread[] readers;

    /** The first bytes of a stream. */
    private static final class Kept {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private boolean isCut;

        void add(byte[] buffer, int length) {
            int room = Math.min(length, AgentCommand.MAX_STREAM_BYTES - bytes.size());
            bytes.write(buffer, 0, room);
            isCut |= room < length;
        }

        String text() {
            return bytes.toString(StandardCharsets.UTF_8);
        }
    }

    /**
     * Reads it from now on.
     *
     * @param lines is told each line, also those after what is kept: {@code stdout} or {@code stderr}, and the line
     */
    Output(Process process, BiConsumer<String, String> lines) {
        readers = new Thread[] {
            Thread.ofVirtual()
                    .start(() -> read(process.getInputStream(), stdout, line -> lines.accept("stdout", line))),
            Thread.ofVirtual().start(() -> read(process.getErrorStream(), stderr, line -> lines.accept("stderr", line)))
        };
    }

    private void read(InputStream stream, Kept kept, Consumer<String> told) {
        var lines = new LineFeed(told);
        var buffer = new byte[8192];
        try (stream) {
            for (int length = stream.read(buffer); length >= 0; length = stream.read(buffer)) {
                synchronized (both) {
                    kept.add(buffer, length);
                    both.add(buffer, length);
                }
                lines.add(buffer, length);
            }
            lines.end();
        } catch (IOException e) {
            Log.info("a command's output ended: %s", e);
        }
    }

    void settle() throws InterruptedException {
        long deadline = System.nanoTime() + SETTLES_WITHIN.toNanos();
        for (var reader : readers) {
            reader.join(Duration.ofNanos(Math.max(1, deadline - System.nanoTime())));
        }
    }

    AgentCommand.Result result(int exitCode, long durationMs, boolean timedOut) {
        synchronized (both) {
            return new AgentCommand.Result(
                    both.text(),
                    stdout.text(),
                    stderr.text(),
                    exitCode,
                    durationMs,
                    both.isCut || stdout.isCut || stderr.isCut,
                    timedOut);
        }
    }
}
