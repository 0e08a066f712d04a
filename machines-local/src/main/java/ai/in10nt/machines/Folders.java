package ai.in10nt.machines;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** The folders that volumes are, and their copies. Files in them belong to the machine's user ids: see {@code as}. */
final class Folders {
    /** A snapshot's file: how large, and its SHA-256 in hex. */
    record Copy(long bytes, String digest) {}

    private static final Duration PATIENCE = Duration.ofMinutes(10);

    private final Config config;
    private final List<String> as;

    /**
     * Those of a driver.
     *
     * @param as begins each command: enters the user namespace that may touch what the machine's other user ids own
     */
    Folders(Config config, List<String> as) {
        this.config = config;
        this.as = List.copyOf(as);
    }

    /** Copies a volume's content as it is; whole or not at all. */
    Copy snapshot(String volume, String snapshot) {
        var file = config.snapshot(snapshot);
        var draft = file.resolveSibling(snapshot + ".new");
        try {
            Files.createDirectories(file.getParent());
            Files.createDirectories(config.volume(volume));
            run(
                    "tar",
                    "--numeric-owner",
                    "-cf",
                    draft.toString(),
                    "-C",
                    config.volume(volume).toString(),
                    ".");
            var copy = new Copy(Files.size(draft), digest(draft));
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return copy;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String digest(Path file) throws IOException {
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), MessageDigest.getInstance("SHA-256"))) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
            return HexFormat.of()
                    .formatHex(((DigestInputStream) in).getMessageDigest().digest());
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    void restore(String snapshot, String volume) {
        var folder = makeEmpty(volume);
        run("tar", "--numeric-owner", "-xpf", config.snapshot(snapshot).toString(), "-C", folder.toString());
    }

    void fork(String source, String volume) {
        var folder = makeEmpty(volume);
        if (Files.exists(config.volume(source))) {
            run("cp", "-a", config.volume(source) + "/.", folder.toString());
        }
    }

    private Path makeEmpty(String volume) {
        var folder = config.volume(volume);
        remove(folder);
        try {
            return Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void removeVolume(String volume) {
        remove(config.volume(volume));
    }

    void removeSnapshot(String snapshot) {
        remove(config.snapshot(snapshot));
    }

    void remove(Path folder) {
        run("rm", "-rf", "--one-file-system", folder.toString());
    }

    private void run(String... command) {
        var whole = new ArrayList<>(as);
        whole.addAll(List.of(command));
        var result = Host.run(PATIENCE, whole);
        if (result.exitCode() != 0) {
            throw new IllegalStateException(String.join(" ", command) + ": " + result.stderr());
        }
    }
}
