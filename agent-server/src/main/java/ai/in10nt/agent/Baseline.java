package ai.in10nt.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SecureDirectoryStream;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.TreeMap;
import org.eclipse.jgit.dircache.DirCache;
import org.eclipse.jgit.dircache.DirCacheEntry;
import org.eclipse.jgit.lib.CommitBuilder;
import org.eclipse.jgit.lib.Config;
import org.eclipse.jgit.lib.Constants;
import org.eclipse.jgit.lib.FileMode;
import org.eclipse.jgit.lib.ObjectId;
import org.eclipse.jgit.lib.ObjectInserter;
import org.eclipse.jgit.lib.PersonIdent;
import org.eclipse.jgit.lib.Repository;
import org.eclipse.jgit.revwalk.RevWalk;
import org.eclipse.jgit.storage.file.FileBasedConfig;
import org.eclipse.jgit.storage.file.FileRepositoryBuilder;
import org.eclipse.jgit.treewalk.TreeWalk;
import org.eclipse.jgit.util.FS;
import org.eclipse.jgit.util.SystemReader;

/**
 * What the workspace is compared with: a commit in a repository of this server's own, outside the workspace. The user's own
 * repository, or none, is no matter. Where the workspace was empty at first, there is no repository until it has to be.
 */
final class Baseline {
    private static final String REF = "refs/heads/baseline";

    /** A file as it was. */
    record Blob(ObjectId id, FileMode mode) {}

    private final Path dir;
    private final Path empty;
    private final NavigableMap<String, Blob> files = new TreeMap<>();

    Baseline(AgentConfig config) {
        this.dir = config.state().resolve("baseline");
        this.empty = config.state().resolve("baseline-is-empty");
    }

    /** At the first boot: the workspace as it is then. */
    void takeIfThereIsNone(Workspace workspace) throws IOException {
        if (Files.exists(empty)) {
            return;
        }
        if (Files.exists(dir.resolve("HEAD"))) {
            load();
        } else if (isEmpty(workspace)) {
            Files.createFile(empty);
        } else {
            take(new Scan(workspace, Map.of(), files).all());
        }
    }

    private static boolean isEmpty(Workspace workspace) throws IOException {
        try (SecureDirectoryStream<Path> root = workspace.root()) {
            return !root.iterator().hasNext();
        }
    }

    NavigableMap<String, Blob> files() {
        return files;
    }

    /** The workspace as it was scanned is the baseline from now on. */
    void take(Map<String, Scan.Seen> scanned) throws IOException {
        try (var repository = open();
                var inserter = repository.newObjectInserter()) {
            var cache = DirCache.newInCore();
            var builder = cache.builder();
            for (var file : scanned.entrySet()) {
                insert(inserter, file.getKey(), file.getValue()).ifPresent(builder::add);
            }
            builder.finish();
            var commit = new CommitBuilder();
            var nobody = new PersonIdent("in10nt", "in10nt@localhost");
            commit.setAuthor(nobody);
            commit.setCommitter(nobody);
            commit.setTreeId(cache.writeTree(inserter));
            commit.setMessage("baseline");
            var id = inserter.insert(commit);
            inserter.flush();
            var update = repository.updateRef(REF);
            update.setNewObjectId(id);
            update.forceUpdate();
        }
        Files.deleteIfExists(empty);
        load();
    }

    private static Optional<DirCacheEntry> insert(ObjectInserter inserter, String path, Scan.Seen seen)
            throws IOException {
        try (var content = seen.open()) {
            var entry = new DirCacheEntry(path);
            entry.setFileMode(seen.mode());
            // As a stream: a file may be larger than this process.
            entry.setObjectId(inserter.insert(Constants.OBJ_BLOB, seen.size(), content));
            return Optional.of(entry);
        } catch (java.nio.file.FileSystemException | java.io.EOFException goneOrShorterNow) {
            return Optional.empty();
        }
    }

    private void load() throws IOException {
        files.clear();
        try (var repository = open();
                var commits = new RevWalk(repository);
                var tree = new TreeWalk(repository)) {
            var head = repository.exactRef(REF);
            if (head == null) {
                return;
            }
            tree.addTree(commits.parseCommit(head.getObjectId()).getTree());
            tree.setRecursive(true);
            while (tree.next()) {
                files.put(tree.getPathString(), new Blob(tree.getObjectId(0), tree.getFileMode(0)));
            }
        }
    }

    /** The content of a file as it was; the first bytes of it, where it is larger. */
    byte[] content(ObjectId id, int limit) throws IOException {
        try (var repository = open();
                var stream = repository.open(id, Constants.OBJ_BLOB).openStream()) {
            return stream.readNBytes(limit);
        }
    }

    private Repository open() throws IOException {
        SystemReader.setInstance(NOTHING_ELSE);
        var repository = new FileRepositoryBuilder()
                .setBare()
                .setFS(FS.DETECTED)
                .setGitDir(dir.toFile())
                .build();
        if (!Files.exists(dir.resolve("HEAD"))) {
            repository.create(true);
        }
        return repository;
    }

    /** Neither the user's nor the system's configuration of git counts here, and no git is asked for it. */
    private static final SystemReader NOTHING_ELSE = new SystemReader.Delegate(SystemReader.getInstance()) {
        @Override
        public FileBasedConfig openUserConfig(Config parent, FS fs) {
            return nothing(parent);
        }

        @Override
        public FileBasedConfig openSystemConfig(Config parent, FS fs) {
            return nothing(parent);
        }

        @Override
        public FileBasedConfig openJGitConfig(Config parent, FS fs) {
            return nothing(parent);
        }

        private static FileBasedConfig nothing(Config parent) {
            return new FileBasedConfig(parent, null, FS.DETECTED) {
                @Override
                public void load() {
                    // There is none.
                }

                @Override
                public boolean isOutdated() {
                    return false;
                }
            };
        }
    };
}
