package ai.in10nt.agent;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Single files of the workspace, whole: what is written is a file beside it until all of it is there, and takes the old one's
 * place at once.
 */
final class WorkspaceFiles {
    private static final Set<PosixFilePermission> FILE = PosixFilePermissions.fromString("rw-r--r--");
    private static final Set<PosixFilePermission> FOLDER = PosixFilePermissions.fromString("rwxr-xr-x");

    private final AgentConfig config;
    private final Workspace workspace;
    /** On the same file system, where the agent can't reach. */
    private final Path drafts;

    WorkspaceFiles(AgentConfig config, Workspace workspace) throws IOException {
        this.config = config;
        this.workspace = workspace;
        this.drafts = Files.createDirectories(config.state().resolve("drafts"));
        try (var left = Files.list(drafts)) {
            for (var draft : (Iterable<Path>) left::iterator) {
                Files.delete(draft);
            }
        }
    }

    /** An open file; the channel is its owner's to close. */
    record Opened(SeekableByteChannel channel, long size, String etag) implements AutoCloseable {
        @Override
        public void close() throws IOException {
            channel.close();
        }
    }

    /** @param isNew false where it took the place of an older one */
    record Written(boolean isNew, long size, String etag) {}

    /** What a caller knows of the file that it writes or deletes: an entity tag or {@code *}, as in RFC 9110. */
    record Condition(Optional<String> ifMatch, Optional<String> ifNoneMatch) {
        void check(Optional<String> etag) {
            boolean isMet = ifMatch.map(tags -> etag.isPresent() && names(tags, etag.get()))
                            .orElse(true)
                    && ifNoneMatch
                            .map(tags -> etag.isEmpty() || !names(tags, etag.get()))
                            .orElse(true);
            if (!isMet) {
                throw new Refused(
                        412,
                        "precondition_failed",
                        "The file isn't the one that If-Match or If-None-Match names; read it again.");
            }
        }

        static boolean names(String tags, String etag) {
            return tags.strip().equals("*")
                    || List.of(tags.split(",", -1)).stream()
                            .map(tag -> tag.strip().replaceFirst("^W/", ""))
                            .anyMatch(etag::equals);
        }
    }

    Opened open(String path) throws IOException {
        try (var place = workspace.place(path, true)) {
            var attributes = file(place);
            var channel = place.folder().newByteChannel(Path.of(place.name()), Set.of(READ, LinkOption.NOFOLLOW_LINKS));
            return new Opened(channel, attributes.size(), etag(attributes));
        } catch (FileSystemException e) {
            throw refused(e);
        }
    }

    /** A new empty file for what is to be written. */
    Path draft() throws IOException {
        var draft = drafts.resolve(UUID.randomUUID().toString());
        Files.createFile(draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        return draft;
    }

    /** Whether it could be written now; said before its bytes are sent. */
    void mayWrite(String path, Condition condition) throws IOException {
        try (var place = workspace.place(path, true)) {
            condition.check(existing(place).map(WorkspaceFiles::etag));
        } catch (NoSuchFileException noFolder) {
            condition.check(Optional.empty());
        } catch (FileSystemException e) {
            throw refused(e);
        }
    }

    /** The draft becomes the file; folders on the way are made. One after the other, so that conditions hold. */
    synchronized Written write(String path, Path draft, Condition condition) throws IOException {
        try (var channel = FileChannel.open(draft, WRITE)) {
            channel.force(true);
        }
        makeFolders(Workspace.names(path));
        try (var place = workspace.place(path, true);
                var from = Workspace.open(drafts)) {
            var before = existing(place);
            condition.check(before.map(WorkspaceFiles::etag));
            Files.setPosixFilePermissions(
                    draft, before.map(PosixFileAttributes::permissions).orElse(FILE));
            give(draft);
            from.move(draft.getFileName(), place.folder(), Path.of(place.name()));
            var after = place.attributes();
            return new Written(before.isEmpty(), after.size(), etag(after));
        } catch (FileSystemException e) {
            throw refused(e);
        }
    }

    /** The file, or the link itself. */
    synchronized void delete(String path, Condition condition) throws IOException {
        try (var place = workspace.place(path, false)) {
            var attributes = place.attributes();
            if (attributes.isDirectory()) {
                throw isFolder();
            }
            condition.check(Optional.of(etag(attributes)));
            place.folder().deleteFile(Path.of(place.name()));
        } catch (FileSystemException e) {
            throw refused(e);
        }
    }

    private Optional<PosixFileAttributes> existing(Workspace.Place place) throws IOException {
        try {
            return Optional.of(file(place));
        } catch (NoSuchFileException absent) {
            return Optional.empty();
        }
    }

    private static PosixFileAttributes file(Workspace.Place place) throws IOException {
        var attributes = place.attributes();
        if (attributes.isDirectory()) {
            throw isFolder();
        }
        if (!attributes.isRegularFile()) {
            throw new Refused(409, "not_a_file", "path: is neither a file nor a folder.");
        }
        return attributes;
    }

    private void makeFolders(List<String> names) throws IOException {
        for (int length = 1; length < names.size(); length++) {
            var path = String.join("/", names.subList(0, length));
            try (var place = workspace.place(path, true)) {
                makeFolder(place);
            } catch (FileSystemException e) {
                throw refused(e);
            }
        }
    }

    /** Nothing makes a folder within an open one: it is made aside, and moved there. */
    private void makeFolder(Workspace.Place place) throws IOException {
        try {
            if (place.attributes().isDirectory()) {
                return;
            }
            throw new NotDirectoryException(place.path());
        } catch (NoSuchFileException absent) {
            var made = Files.createDirectory(drafts.resolve(UUID.randomUUID().toString()));
            Files.setPosixFilePermissions(made, FOLDER);
            give(made);
            try (var from = Workspace.open(drafts)) {
                from.move(made.getFileName(), place.folder(), Path.of(place.name()));
            } catch (DirectoryNotEmptyException | FileAlreadyExistsException somebodyElseDid) {
                Files.delete(made);
            }
        }
    }

    private void give(Path path) throws IOException {
        var user = config.agentUser();
        if (user.isPresent()) {
            Files.setAttribute(path, "unix:gid", user.get());
            Files.setAttribute(path, "unix:uid", user.get());
        }
    }

    private static String etag(PosixFileAttributes attributes) {
        return "\"%x-%x-%x\""
                .formatted(
                        Objects.hashCode(attributes.fileKey()),
                        attributes.size(),
                        attributes.lastModifiedTime().to(TimeUnit.NANOSECONDS));
    }

    private static Refused isFolder() {
        return new Refused(409, "is_a_directory", "path: is a folder, not a file.");
    }

    static Refused refused(FileSystemException e) {
        if (e instanceof NoSuchFileException) {
            return new Refused(404, "file_not_found", "There is no such file in the workspace.");
        }
        var reason = String.valueOf(e.getReason());
        if (e instanceof NotDirectoryException || reason.contains("Not a directory")) {
            return new Refused(409, "not_a_directory", "path: goes through something that isn't a folder.");
        }
        if (reason.contains("symbolic links")) {
            return new Refused(409, "path_changed", "path: was made a link just now; try again.");
        }
        if (reason.contains("No space left") || reason.contains("quota") || reason.contains("File too large")) {
            return new Refused(413, "workspace_full", "The instance's volume has no room for this.");
        }
        if (reason.contains("name too long")) {
            return new Refused(400, "invalid_path", "path: has a name that is too long.");
        }
        return new Refused(409, "file_failed", "The file can't be read or written: " + reason + ".");
    }
}
