package ai.in10nt.agent;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * What the agent tells during one run, a JSON object a line, numbered from 1; on the volume, so that a later boot goes on in the same
 * numbering. Words that follow each other closely are one event; the machine's secrets are masked in them, also where one comes in
 * pieces.
 */
final class RunStream {
    private static final Duration TOGETHER = Duration.ofMillis(50);
    private static final int MAX_BYTES = 4 * 1024 * 1024;
    private static final int MAX_BATCH = 512 * 1024;

    private final Path file;
    private final List<String> lines = new ArrayList<>();
    private final Masks masks;
    private final StringBuilder text = new StringBuilder();
    private boolean isWrittenSoon;
    private long length;
    private boolean isOver;

    RunStream(Path file, Masks masks) {
        this.file = file;
        this.masks = masks;
        try {
            if (Files.exists(file)) {
                lines.addAll(Files.readAllLines(file));
                length = Files.size(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    synchronized void add(ObjectNode event) {
        if (isOver) {
            return;
        }
        if (event.path("type").asText().equals("text")) {
            if (!isWrittenSoon) {
                isWrittenSoon = true;
                Thread.ofVirtual().start(this::writeSoon);
            }
            text.append(event.path("text").asText());
        } else {
            writeText(text.length());
            write(event);
        }
    }

    private void writeSoon() {
        try {
            TimeUnit.MILLISECONDS.sleep(TOGETHER.toMillis());
            synchronized (this) {
                isWrittenSoon = false;
                writeText(masks.settled(text.toString()));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void writeText(int upTo) {
        if (upTo > 0) {
            var words = text.substring(0, upTo);
            text.delete(0, upTo);
            write(RunEvents.text(masks.in(words)));
        }
    }

    private void write(ObjectNode event) {
        if (length >= MAX_BYTES) {
            return;
        }
        var line = Json.text(event);
        length += line.length() + 1;
        if (length >= MAX_BYTES) {
            line = Json.text(RunEvents.truncated());
        }
        try {
            Files.writeString(file, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        lines.add(line);
        notifyAll();
    }

    /** There is nothing more to come. */
    synchronized void end() {
        writeText(text.length());
        isOver = true;
        notifyAll();
    }

    /** Until there is an event after the one of this number, or none will come, or the time is over. */
    synchronized void await(long number, Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        try {
            while (lines.size() <= number && !isOver) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return;
                }
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Some of those after the one of this number. */
    synchronized List<String> after(long number) {
        var some = new ArrayList<String>();
        int batch = 0;
        for (long i = number; i < lines.size() && batch < MAX_BATCH; i++) {
            some.add(lines.get((int) i));
            batch += some.getLast().length();
        }
        return some;
    }

    synchronized boolean hasAfter(long number) {
        return lines.size() > number;
    }
}
