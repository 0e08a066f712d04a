package ai.in10nt.agent;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.eclipse.jgit.ignore.IgnoreNode;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;

/**
 * One look at all files of the workspace. What hasn't changed since an earlier look, by size, time and place, isn't read again.
 * {@code .gitignore} files hold, {@code .git} folders are left out.
 */
final class Scan {
    private static final int MAX_FILES = 100_000;
    /** A file that was written this shortly before it was read may have been written again within one tick of its clock. */
    private static final long TICK_NS = TimeUnit.MILLISECONDS.toNanos(20);

    /** A file as it was seen. */
    record Seen(
            Workspace workspace, String path, ObjectId id, FileMode mode, long size, long time, Object key, long at) {
        boolean isStill(PosixFileAttributes now, FileMode nowMode) {
            return size == now.size()
                    && time == now.lastModifiedTime().to(TimeUnit.NANOSECONDS)
                    && key.equals(now.fileKey())
                    && mode.equals(nowMode)
                    && time < at - TICK_NS;
        }

        InputStream open() throws IOException {
            if (mode.equals(FileMode.SYMLINK)) {
                return new ByteArrayInputStream(text(workspace.target(path)));
            }
            try (var place = workspace.place(path, false)) {
                return Scan.open(place.folder(), Path.of(place.name()));
            }
        }
    }

    private final Workspace workspace;
    private final Map<String, Seen> before;
    private final NavigableMap<String, Baseline.Blob> baseline;
    private final ObjectInserter.Formatter hash = new ObjectInserter.Formatter();
    private final Map<String, Seen> found = new HashMap<>();
    private boolean isCut;

    Scan(Workspace workspace, Map<String, Seen> before, NavigableMap<String, Baseline.Blob> baseline) {
        this.workspace = workspace;
        this.before = before;
        this.baseline = baseline;
    }

    /** By path. */
    Map<String, Seen> all() throws IOException {
        try (var root = workspace.root()) {
            look(root, "", List.of());
        }
        return found;
    }

    boolean isCut() {
        return isCut;
    }

    /** The rules of one folder, for what lies below it. */
    private record Rules(String folder, IgnoreNode node) {}

    private void look(SecureDirectoryStream<Path> folder, String path, List<Rules> above) throws IOException {
        var names = new ArrayList<Path>();
        folder.forEach(entry -> names.add(entry.getFileName()));
        var rules = above;
        if (names.contains(Path.of(Constants.DOT_GIT_IGNORE))) {
            rules = new ArrayList<>(above);
            rules.addFirst(new Rules(path, rulesIn(folder)));
        }
        for (var name : names) {
            if (found.size() >= MAX_FILES) {
                isCut = true;
                return;
            }
            if (!name.toString().equals(Constants.DOT_GIT)) {
                lookAt(folder, name, path.isEmpty() ? name.toString() : path + "/" + name, rules);
            }
        }
    }

    private void lookAt(SecureDirectoryStream<Path> folder, Path name, String path, List<Rules> rules)
            throws IOException {
        try {
            var attributes = Workspace.attributes(folder, name);
            if (isLeftOut(path, attributes.isDirectory(), rules)) {
                return;
            }
            if (attributes.isDirectory()) {
                try (var below = folder.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS)) {
                    look(below, path, rules);
                }
            } else if (attributes.isRegularFile() || attributes.isSymbolicLink()) {
                found.put(path, see(folder, name, path, attributes));
            }
        } catch (FileSystemException goneOrNotReadable) {
            // It changed while it was looked at; the next look finds it as it is then.
            return;
        }
    }

    private Seen see(SecureDirectoryStream<Path> folder, Path name, String path, PosixFileAttributes attributes)
            throws IOException {
        var mode = mode(attributes);
        var known = before.get(path);
        if (known != null && known.isStill(attributes, mode)) {
            return known;
        }
        long at = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis());
        return new Seen(
                workspace,
                path,
                id(folder, name, path, attributes),
                mode,
                attributes.size(),
                attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS),
                Objects.requireNonNull(attributes.fileKey()),
                at);
    }

    private ObjectId id(SecureDirectoryStream<Path> folder, Path name, String path, PosixFileAttributes attributes)
            throws IOException {
        if (attributes.isSymbolicLink()) {
            return hash.idFor(Constants.OBJ_BLOB, text(workspace.target(path)));
        }
        try (var content = open(folder, name)) {
            return hash.idFor(Constants.OBJ_BLOB, attributes.size(), content);
        } catch (java.io.EOFException shorterNow) {
            throw new FileSystemException(path);
        }
    }

    private static FileMode mode(PosixFileAttributes attributes) {
        if (attributes.isSymbolicLink()) {
            return FileMode.SYMLINK;
        }
        return attributes.permissions().contains(PosixFilePermission.OWNER_EXECUTE)
                ? FileMode.EXECUTABLE_FILE
                : FileMode.REGULAR_FILE;
    }

    private static InputStream open(SecureDirectoryStream<Path> folder, Path name) throws IOException {
        return Channels.newInputStream(
                folder.newByteChannel(name, Set.of(StandardOpenOption.READ, LinkOption.NOFOLLOW_LINKS)));
    }

    private static byte[] text(@org.jspecify.annotations.Nullable String target) {
        return String.valueOf(target).getBytes(StandardCharsets.UTF_8);
    }

    private static IgnoreNode rulesIn(SecureDirectoryStream<Path> folder) throws IOException {
        var node = new IgnoreNode();
        try (var content = open(folder, Path.of(Constants.DOT_GIT_IGNORE))) {
            node.parse(content);
        } catch (FileSystemException isNoFile) {
            // A folder or a link of that name has no rules.
            return node;
        }
        return node;
    }

    /** As git does: a rule that is nearer counts more, and nothing that is in the baseline is left out. */
    private boolean isLeftOut(String path, boolean isFolder, List<Rules> rules) {
        for (var rule : rules) {
            var relative = rule.folder().isEmpty()
                    ? path
                    : path.substring(rule.folder().length() + 1);
            var verdict = rule.node().checkIgnored("/" + relative, isFolder);
            if (verdict != null) {
                return verdict && !isInBaseline(path, isFolder);
            }
        }
        return false;
    }

    private boolean isInBaseline(String path, boolean isFolder) {
        if (!isFolder) {
            return baseline.containsKey(path);
        }
        var next = baseline.ceilingKey(path + "/");
        return next != null && next.startsWith(path + "/");
    }
}
