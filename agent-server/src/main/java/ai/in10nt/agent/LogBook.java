package ai.in10nt.agent;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.LogLine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The instance's log on its volume: JSON lines in segments named by the id of their first line, numbered on over every boot. It is a
 * ring: when it is full the oldest segment goes, and a line tells how many lines went that nobody had fetched.
 */
final class LogBook {
    private static final int MAX_MESSAGE = LogLine.MAX_MESSAGE_BYTES;
    /** Larger than any line. */
    private static final int BLOCK = 1024 * 1024;

    private static final String STOP = "the machine stops";
    /** What ends with the machine may be told behind its stop. */
    private static final int LAST_LINES = 50;

    private static final int MOST_OF_THEM = 4 * 1024 * 1024;

    private static final String CUT = " [cut after 64 KiB]";

    private final Path folder;
    private final Masks masks;
    private final long segmentBytes;
    private final long mostBytes;
    /** By the id of the first line in each. */
    private final TreeMap<Long, Path> segments = new TreeMap<>();

    private FileChannel out;
    private long last;
    /** Whoever fetches has all up to this one. */
    private long fetched;

    private Place reached = new Place(0, 0, 0);

    /**
     * Behind a line.
     *
     * @param segment the id of its first line
     * @param offset in bytes
     */
    private record Place(long id, long segment, long offset) {}

    LogBook(AgentConfig config) {
        this(config.state().resolve("log"), config.secrets().instanceId(), new Masks(config), 4L << 20, 64L << 20);
    }

    LogBook(Path folder, String instanceId, Masks masks, long segmentBytes, long mostBytes) {
        this.folder = folder;
        this.masks = masks;
        this.segmentBytes = segmentBytes;
        this.mostBytes = mostBytes;
        try {
            Files.createDirectories(folder);
            forgetAnother(instanceId);
            this.out = open();
        } catch (IOException e) {
            throw new UncheckedIOException("the log", e);
        }
    }

    /** A volume that was copied from another instance's has a log that isn't this one's. */
    private void forgetAnother(String instanceId) throws IOException {
        var owner = folder.resolve("instance");
        if (!Files.exists(owner) || !Files.readString(owner).equals(instanceId)) {
            try (var files = Files.list(folder)) {
                for (var file : (Iterable<Path>) files::iterator) {
                    Files.delete(file);
                }
            }
            Files.writeString(owner, instanceId);
        }
    }

    private FileChannel open() throws IOException {
        try (var files = Files.list(folder)) {
            for (var file : (Iterable<Path>) files::iterator) {
                var name = String.valueOf(file.getFileName());
                if (name.endsWith(".jsonl")) {
                    segments.put(Long.parseLong(name.substring(0, name.length() - ".jsonl".length())), file);
                }
            }
        }
        if (segments.isEmpty()) {
            return begin(1);
        }
        var newest = segments.lastEntry();
        var bytes = Files.readAllBytes(newest.getValue());
        int end = 0;
        last = newest.getKey() - 1;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '\n') {
                end = i + 1;
                last++;
            }
        }
        var channel = FileChannel.open(newest.getValue(), StandardOpenOption.WRITE);
        // What a crash left of a line that nobody was told of.
        channel.truncate(end).position(end);
        return channel;
    }

    private FileChannel begin(long id) throws IOException {
        var file = folder.resolve("%019d.jsonl".formatted(id));
        segments.put(id, file);
        return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    }

    /** Says that a boot begins, and, where the one before wasn't stopped, that it wasn't: it can't have said so itself. */
    synchronized void beginBoot(int generation) {
        try {
            if (last > 0 && !isStopped(read(Math.max(0, last - LAST_LINES), MOST_OF_THEM))) {
                add(
                        "error",
                        "machine",
                        null,
                        "the machine went away without a stop: killed, out of memory, or its host is gone");
            }
        } catch (IOException e) {
            Log.warn("how the last boot ended isn't known: %s", e);
        }
        add("system", "machine", null, "boot " + generation + " begins");
    }

    synchronized void endBoot() {
        add("system", "machine", null, STOP);
    }

    /** By the last lines of the boot before: its own, not those of an earlier one. */
    private static boolean isStopped(List<String> lines) {
        for (var line : lines.reversed()) {
            if (line.contains("\"message\":\"" + STOP + "\"")) {
                return true;
            }
            if (line.contains("\"message\":\"boot ")) {
                return false;
            }
        }
        return false;
    }

    /** One line for each of the text's; never fails: what is logged about is worth more than its log. */
    synchronized void add(String type, String source, @Nullable String taskId, String text) {
        try {
            for (var line : text.split("\r?\n", -1)) {
                write(type, source, taskId, line);
            }
            makeRoom();
        } catch (IOException | RuntimeException e) {
            Log.warn("a line isn't logged: %s", e);
        }
        notifyAll();
    }

    private void write(String type, String source, @Nullable String taskId, String text) throws IOException {
        var line =
                new LogLine(last + 1, type, source, cut(masks.in(text).replace("\0", "\uFFFD")), Instant.now(), taskId);
        var bytes = ByteBuffer.wrap((Json.text(line) + "\n").getBytes(StandardCharsets.UTF_8));
        if (out.position() > 0 && out.position() + bytes.remaining() > segmentBytes) {
            out.close();
            out = begin(last + 1);
        }
        while (bytes.hasRemaining()) {
            out.write(bytes);
        }
        last++;
    }

    private static String cut(String message) {
        var bytes = message.getBytes(StandardCharsets.UTF_8);
        if (bytes.length <= MAX_MESSAGE) {
            return message;
        }
        int end = MAX_MESSAGE - CUT.length();
        // Not in the middle of a character.
        while ((bytes[end] & 0xC0) == 0x80) {
            end--;
        }
        return new String(bytes, 0, end, StandardCharsets.UTF_8) + CUT;
    }

    private void makeRoom() throws IOException {
        long dropped = 0;
        while (segments.size() > 1 && segments.size() * segmentBytes > mostBytes) {
            var oldest = segments.pollFirstEntry();
            long next = segments.firstKey();
            dropped += Math.max(0, next - 1 - Math.max(fetched, oldest.getKey() - 1));
            Files.delete(oldest.getValue());
        }
        if (dropped > 0) {
            write("system", "machine", null, dropped + " lines were dropped: they weren't fetched in time");
        }
    }

    /** Until there is a line after the one of this id, or the time is over. */
    synchronized void await(long id, Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        try {
            while (last <= id) {
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

    /**
     * Lines after the one of an id, each as JSON; whoever asks has all up to it. Where the volume lost what that one has, numbering goes
     * on from there: an id is given once.
     */
    synchronized List<String> after(long id, int mostBytes) {
        try {
            if (id > last) {
                last = id;
                out.close();
                out = begin(id + 1);
            }
            fetched = Math.max(fetched, id);
            notifyAll();
            return read(id, mostBytes);
        } catch (IOException e) {
            throw new UncheckedIOException("the log", e);
        }
    }

    /** On from where the last one ended, which is what follows; else its segment is searched. */
    private List<String> read(long id, int mostBytes) throws IOException {
        var lines = new ArrayList<String>();
        if (segments.isEmpty()) {
            return lines;
        }
        var first = segments.floorEntry(id + 1);
        long segment = first == null ? segments.firstKey() : first.getKey();
        var place = reached.id == id && segments.containsKey(reached.segment)
                ? reached
                : new Place(segment - 1, segment, 0);
        int bytes = 0;
        while (bytes < mostBytes) {
            var block = block(place);
            int start = 0;
            for (int i = 0; i < block.length && bytes < mostBytes; i++) {
                if (block[i] == '\n') {
                    place = new Place(place.id + 1, place.segment, place.offset + i + 1 - start);
                    if (place.id > id) {
                        lines.add(new String(block, start, i - start, StandardCharsets.UTF_8));
                        bytes += i - start;
                    }
                    start = i + 1;
                }
            }
            if (start == 0) {
                var next = segments.higherKey(place.segment);
                if (next == null) {
                    break;
                }
                place = new Place(next - 1, next, 0);
            }
        }
        reached = place;
        return lines;
    }

    private byte[] block(Place place) throws IOException {
        try (var channel = FileChannel.open(Objects.requireNonNull(segments.get(place.segment)))) {
            var block = ByteBuffer.allocate((int) Math.min(channel.size() - place.offset, BLOCK));
            int count = 0;
            while (block.hasRemaining() && count >= 0) {
                count = channel.read(block, place.offset + block.position());
            }
            return Arrays.copyOf(block.array(), block.position());
        }
    }

    /** So that whoever follows the log has its last lines before this process ends. */
    synchronized void awaitFetched(Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        try {
            while (fetched < last && deadline - System.nanoTime() > 0) {
                TimeUnit.NANOSECONDS.timedWait(this, Math.max(deadline - System.nanoTime(), 1));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
