package ai.in10nt.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Folders copied under the hash of their content: what runs keeps its copy, whatever is built meanwhile. */
final class Copies {
    private Copies() {}

    static Path of(Path source, Path target) throws IOException {
        var copy = target.resolve(hash(source));
        if (Files.isDirectory(copy)) {
            return copy;
        }
        var draft = target.resolve(copy.getFileName() + ".new");
        Files.createDirectories(draft);
        try (var files = Files.list(source)) {
            for (var file : files.toList()) {
                Files.copy(file, draft.resolve(file.getFileName()), java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            }
        }
        Files.move(draft, copy);
        return copy;
    }

    private static String hash(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            var digest = MessageDigest.getInstance("SHA-256");
            for (var file : files.sorted().toList()) {
                digest.update(Files.readAllBytes(file));
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
