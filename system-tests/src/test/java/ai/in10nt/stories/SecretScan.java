package ai.in10nt.stories;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Which files of a running stack hold a text. What vanishes while we look (databases do that) holds nothing. */
final class SecretScan extends SimpleFileVisitor<Path> {
    /** Folders that are the machine's own inside (it may know its secrets), or no more than programs. */
    private static final List<String> NOT_OURS = List.of("/machines/volumes/", "/machines/image/", "/postgresql-bin/");

    /** As one character a byte, so that a byte sequence is a substring. */
    private final List<String> texts;

    private final List<Path> found = new ArrayList<>();
    private int looked;

    private SecretScan(List<String> texts) {
        this.texts = texts.stream()
                .map(text -> new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1))
                .toList();
    }

    static List<Path> filesHolding(String text, Path folder) throws IOException {
        return filesHolding(List.of(text), folder);
    }

    /** Those that hold any of them. */
    static List<Path> filesHolding(List<String> texts, Path folder) throws IOException {
        var scan = new SecretScan(texts);
        Files.walkFileTree(folder, scan);
        if (scan.looked == 0) {
            throw new AssertionError("no file to look into in " + folder);
        }
        return scan.found;
    }

    @Override
    public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
        return NOT_OURS.stream().anyMatch(part -> (folder + "/").contains(part))
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
        // Kafka's indexes are numbers, and 10 MB of room for more of them each.
        if (!attributes.isRegularFile() || file.toString().matches(".*\\.(time)?index")) {
            return FileVisitResult.CONTINUE;
        }
        try {
            looked++;
            var content = new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
            if (texts.stream().anyMatch(content::contains)) {
                found.add(file);
            }
        } catch (NoSuchFileException vanished) {
            looked--;
        }
        return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
        if (e instanceof NoSuchFileException) {
            return FileVisitResult.CONTINUE;
        }
        throw e;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException e) throws IOException {
        return e == null || e instanceof NoSuchFileException
                ? FileVisitResult.CONTINUE
                : super.postVisitDirectory(folder, e);
    }
}
