package ai.in10nt.stack;

import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * Folders copied under the hash of their content: what runs keeps its copy, whatever is built meanwhile. Times are copied, too: by them an
 * archive of classes knows its jars.
 */
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
                Files.copy(file, draft.resolve(file.getFileName()), REPLACE_EXISTING, COPY_ATTRIBUTES);
            }
        }
        Files.move(draft, copy);
        return copy;
    }

    private static String hash(Path folder) throws IOException {
        try (var files = Files.list(folder)) {
            var digest = MessageDigest.getInstance("SHA-256");
            for (var file : files.sorted().toList()) {
                try (var in = new DigestInputStream(Files.newInputStream(file), digest)) {
                    in.transferTo(OutputStream.nullOutputStream());
                }
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 8);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
