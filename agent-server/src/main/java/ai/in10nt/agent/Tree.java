package ai.in10nt.agent;

import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.PosixFileAttributes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is in the workspace, level by level, so that a limit cuts off what lies deepest. Links are shown, not followed. */
final class Tree {
    /** One thing in the workspace; its path is relative to it. */
    record Entry(
            String path,
            String type,
            @Nullable Long size,
            @Nullable String target) {}

    /** @param truncated true where there is more than is shown */
    record Listing(
            String root, List<Entry> entries, @Nullable Boolean truncated) {}

    private static final int MAX_ENTRIES = 50_000;

    private final Workspace workspace;
    private final List<Entry> entries = new ArrayList<>();
    private final ArrayDeque<String> level = new ArrayDeque<>();
    private final ArrayDeque<String> below = new ArrayDeque<>();
    private boolean isCut;

    private Tree(Workspace workspace) {
        this.workspace = workspace;
    }

    static Listing of(Workspace workspace, String path, int depth) throws IOException {
        var tree = new Tree(workspace);
        var start = String.join("/", Workspace.names(path));
        try (var folder = workspace.folder(path)) {
            tree.list(folder, start);
        } catch (FileSystemException e) {
            throw WorkspaceFiles.refused(e);
        }
        for (int deeper = 1; deeper < depth && !tree.below.isEmpty() && !tree.isCut; deeper++) {
            tree.level.addAll(tree.below);
            tree.below.clear();
            tree.listLevel();
        }
        tree.entries.sort(Comparator.comparing(Entry::path));
        return new Listing(Workspace.NAME, tree.entries, tree.isCut ? true : null);
    }

    private void listLevel() throws IOException {
        while (!level.isEmpty() && !isCut) {
            var path = level.poll();
            try (var folder = workspace.folder(path)) {
                list(folder, path);
            } catch (FileSystemException goneOrNotReadable) {
                Log.info("%s changed while it was looked at: %s", path, goneOrNotReadable.getReason());
            }
        }
    }

    private void list(SecureDirectoryStream<Path> folder, String path) throws IOException {
        for (var entry : folder) {
            var name = entry.getFileName();
            if (entries.size() >= MAX_ENTRIES) {
                isCut = true;
                return;
            }
            var below = path.isEmpty() ? name.toString() : path + "/" + name;
            try {
                add(below, Workspace.attributes(folder, name));
            } catch (FileSystemException gone) {
                Log.info("%s went while it was looked at", below);
            }
        }
    }

    private void add(String path, PosixFileAttributes attributes) {
        if (attributes.isDirectory()) {
            entries.add(new Entry(path, "directory", null, null));
            below.add(path);
        } else if (attributes.isSymbolicLink()) {
            entries.add(new Entry(path, "symlink", null, workspace.target(path)));
        } else {
            entries.add(new Entry(path, attributes.isRegularFile() ? "file" : "other", attributes.size(), null));
        }
    }
}
