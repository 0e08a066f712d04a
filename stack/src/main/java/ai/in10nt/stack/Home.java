package ai.in10nt.stack;

import ai.in10nt.contracts.Keyset;
import ai.in10nt.contracts.SealedValue;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.function.Supplier;

/** The folder that holds all of a stack: data, keys, secrets, logs. Only its user may look into it. */
final class Home {
    private final Path folder;
    private final SecureRandom random = new SecureRandom();

    Home(Path folder) {
        this.folder = folder.toAbsolutePath().normalize();
        for (var name : new String[] {"", "run", "keys", "secrets", "logs"}) {
            makePrivate(this.folder.resolve(name));
        }
    }

    Path at(String path) {
        return folder.resolve(path);
    }

    Path folder() {
        return folder;
    }

    static void makePrivate(Path folder) {
        try {
            Files.createDirectories(folder);
            Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx------"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A secret of the installation: made at the first start, kept in a 0600 file. */
    String secret(String name, Supplier<String> fresh) {
        var file = at(name);
        try {
            if (!Files.exists(file)) {
                keep(file, fresh.get() + "\n");
            }
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String password(String name) {
        return secret("secrets/" + name, () -> random(24));
    }

    String random(int bytes) {
        var value = new byte[bytes];
        random.nextBytes(value);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(value);
    }

    /** The keys that services share, each only what it needs to be given. */
    void makeKeys() {
        secret("keys/agent-access.key", () -> {
            var value = new byte[32];
            random.nextBytes(value);
            return Base64.getEncoder().encodeToString(value);
        });
        makePair("provisioner");
        makePair("integration");
        secret("keys/integration-wrapping.json", Keyset.WRAPPING::fresh);
    }

    private void makePair(String owner) {
        if (!Files.exists(at("keys/" + owner + "-private.json"))) {
            var pair = SealedValue.KeyPair.generate();
            keep(at("keys/" + owner + "-public.json"), pair.publicKeyset());
            keep(at("keys/" + owner + "-private.json"), pair.privateKeyset());
        }
    }

    /** A folder with only these keys, for one service. */
    Path keysFor(String service, String... names) {
        var mine = at("run/keys-" + service);
        makePrivate(mine);
        for (var name : names) {
            try {
                write(mine.resolve(name), Files.readString(at("keys/" + name)));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return mine;
    }

    /** Gives a key that was replaced to all that were given it. */
    void hand(String name) {
        try (var folders = Files.list(at("run"))) {
            for (var folder : folders.filter(
                            path -> path.getFileName().toString().startsWith("keys-"))
                    .toList()) {
                if (Files.exists(folder.resolve(name))) {
                    write(folder.resolve(name), Files.readString(at("keys/" + name)));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Writes a 0600 file; whoever reads it sees the old or the new one, whole. */
    static void write(Path file, String content) {
        write(file, content, StandardOpenOption.WRITE);
    }

    /** The same, for what must not be lost with the power: it is on the disk when this returns. */
    static void keep(Path file, String content) {
        write(file, content, StandardOpenOption.WRITE, StandardOpenOption.SYNC);
        try (var folder = FileChannel.open(file.toAbsolutePath().getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, String content, StandardOpenOption... options) {
        try {
            var draft = file.resolveSibling("." + file.getFileName() + ".new");
            Files.deleteIfExists(draft);
            Files.createFile(draft, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.write(draft, content.getBytes(StandardCharsets.UTF_8), options);
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (FileAlreadyExistsException e) {
            throw new IllegalStateException("another process writes " + file, e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
