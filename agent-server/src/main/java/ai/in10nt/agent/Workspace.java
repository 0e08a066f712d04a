package ai.in10nt.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The one folder that callers may look into. This process may read more than the agent may, and the agent may swap folders for
 * links while it looks: so links are followed by their text alone, and every folder on the way is opened from the one before it,
 * never through a link.
 */
final class Workspace {
    /** What it is called towards callers, wherever it is. */
    static final String NAME = "/workspace";

    private static final int MAX_LINKS = 40;
    private static final int MAX_PATH = 4096;
    private static final int MAX_NAME = 255;

    private final Path root;

    /** Opened by the workspace's place on the volume, so that what is written elsewhere on the volume can be moved into it. */
    Workspace(AgentConfig config) throws IOException {
        var onVolume = config.data().resolve("workspace");
        root = Files.isDirectory(onVolume) && Files.isSameFile(onVolume, config.workspace())
                ? onVolume.toRealPath()
                : config.workspace().toRealPath();
    }

    /** An open folder and a name in it, which may be absent. Whoever has it closes it. */
    record Place(SecureDirectoryStream<Path> folder, String name, String path) implements AutoCloseable {
        /** Without following a link. */
        PosixFileAttributes attributes() throws IOException {
            return Workspace.attributes(folder, Path.of(name));
        }

        @Override
        public void close() throws IOException {
            folder.close();
        }
    }

    static PosixFileAttributes attributes(SecureDirectoryStream<Path> folder, Path name) throws IOException {
        return folder.getFileAttributeView(name, PosixFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
                .readAttributes();
    }

    /** The names of a path as a caller gave it, which stays below the workspace. */
    static List<String> names(String path) {
        if (path.indexOf('\0') >= 0) {
            throw new Refused(400, "invalid_path", "path: must not contain NUL.");
        }
        if (path.startsWith("/")) {
            throw new Refused(400, "invalid_path", "path: must be relative to " + NAME + ", without a leading /.");
        }
        if (path.length() > MAX_PATH) {
            throw new Refused(400, "invalid_path", "path: must have at most " + MAX_PATH + " characters.");
        }
        var names = new ArrayList<String>();
        for (var name : path.split("/", -1)) {
            if (name.equals("..")) {
                throw new Refused(400, "invalid_path", "path: must not contain '..'; it stays inside " + NAME + ".");
            }
            if (name.length() > MAX_NAME) {
                throw new Refused(400, "invalid_path", "path: has a name of more than 255 characters.");
            }
            if (!name.isEmpty() && !name.equals(".")) {
                names.add(name);
            }
        }
        return names;
    }

    /** Where a file is, or would be. Its folder is there. */
    Place place(String path, boolean followsLast) throws IOException {
        var names = names(path);
        if (names.isEmpty()) {
            throw new Refused(400, "invalid_path", "path: must name a file.");
        }
        var resolved = resolve(names, followsLast);
        if (resolved.isEmpty()) {
            throw new Refused(409, "is_a_directory", "path: is a folder, not a file.");
        }
        var folder = open(resolved.subList(0, resolved.size() - 1));
        return new Place(folder, resolved.getLast(), String.join("/", resolved));
    }

    /** A folder of the workspace, opened; an empty path is the workspace itself. */
    SecureDirectoryStream<Path> folder(String path) throws IOException {
        return open(resolve(names(path), true));
    }

    SecureDirectoryStream<Path> root() throws IOException {
        return open(root);
    }

    /** What a link says; only a text. */
    @Nullable
    String target(String path) {
        try {
            return Files.readSymbolicLink(root.resolve(path)).toString();
        } catch (IOException | UnsupportedOperationException | SecurityException gone) {
            return null;
        }
    }

    /** The same place by names that aren't links, unless somebody makes one of them a link after this. */
    private List<String> resolve(List<String> names, boolean followsLast) {
        var left = new ArrayDeque<>(names);
        var resolved = new ArrayList<String>();
        int links = 0;
        while (!left.isEmpty()) {
            var name = left.pop();
            if (name.equals("..")) {
                if (resolved.isEmpty()) {
                    throw outside();
                }
                resolved.removeLast();
                continue;
            }
            resolved.add(name);
            var target = left.isEmpty() && !followsLast ? null : target(String.join("/", resolved));
            if (target != null) {
                if (++links > MAX_LINKS) {
                    throw new Refused(400, "invalid_path", "path: goes through too many symbolic links.");
                }
                resolved.removeLast();
                follow(target, resolved, left);
            }
        }
        return resolved;
    }

    private void follow(String target, List<String> resolved, Deque<String> left) {
        var rest = target;
        if (target.startsWith("/")) {
            var prefix = List.of(NAME, root.toString()).stream()
                    .filter(known -> target.equals(known) || target.startsWith(known + "/"))
                    .findFirst()
                    .orElseThrow(Workspace::outside);
            rest = target.substring(prefix.length());
            resolved.clear();
        }
        var names = rest.split("/", -1);
        for (int i = names.length - 1; i >= 0; i--) {
            if (!names[i].isEmpty() && !names[i].equals(".")) {
                left.push(names[i]);
            }
        }
    }

    private static Refused outside() {
        return new Refused(400, "path_outside_workspace", "path: leads out of " + NAME + " by a symbolic link.");
    }

    /** From the root on, each from the one before. */
    private SecureDirectoryStream<Path> open(List<String> names) throws IOException {
        var folder = root();
        for (var name : names) {
            folder = enter(folder, Path.of(name));
        }
        return folder;
    }

    /** Closes the folder it comes from. */
    static SecureDirectoryStream<Path> enter(SecureDirectoryStream<Path> folder, Path name) throws IOException {
        try (folder) {
            return folder.newDirectoryStream(name, LinkOption.NOFOLLOW_LINKS);
        }
    }

    /** Whoever opens it closes it. */
    @SuppressWarnings("StreamResourceLeak")
    static SecureDirectoryStream<Path> open(Path path) throws IOException {
        var stream = Files.newDirectoryStream(path);
        if (stream instanceof SecureDirectoryStream<Path> secure) {
            return secure;
        }
        throw new IllegalStateException("this system has no openat");
    }
}
