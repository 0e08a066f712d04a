package ai.in10nt.contracts;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * What is made of a {@link Keyset} that lies in a file; made anew where the file is replaced, a second later at most, so that keys are
 * rotated under a service that runs.
 */
public final class KeyFile<T> {
    private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final Path file;
    private final Function<String, T> maker;
    private volatile Content<T> content;
    private volatile long looked;

    /**
     * A keyset as it was read.
     *
     * @param primary id of the key that seals
     * @param ids of all keys
     */
    public record Content<T>(T made, long primary, List<Long> ids, FileTime written) {}

    /** @param maker fails where it can't be made of this text */
    public KeyFile(Path file, Function<String, T> maker) {
        this.file = file;
        this.maker = maker;
        this.content = read();
        this.looked = System.nanoTime();
    }

    public T made() {
        return content().made();
    }

    public Content<T> content() {
        if (System.nanoTime() - looked > LOOK_NANOS) {
            look();
        }
        return content;
    }

    private synchronized void look() {
        try {
            if (!Files.getLastModifiedTime(file).equals(content.written())) {
                content = read();
            }
        } catch (IOException | RuntimeException e) {
            // Another program's mistake must not end what runs; it stays with what it has.
            System.getLogger(KeyFile.class.getName())
                    .log(System.Logger.Level.WARNING, "{0} can''t be read anew: {1}", file, e.getMessage());
        }
        looked = System.nanoTime();
    }

    private Content<T> read() {
        try {
            // First the time: what is written meanwhile is read again.
            var written = Files.getLastModifiedTime(file);
            var text = Files.readString(file);
            return new Content<>(maker.apply(text), Keyset.primary(text), Keyset.ids(text), written);
        } catch (IOException e) {
            throw new UncheckedIOException("the keys in " + file.getFileName(), e);
        }
    }
}
