package ai.in10nt.stack;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Properties;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/** A real PostgreSQL from Zonky's binaries, with fsync on: unpacked once, one role and one database for each service. */
final class Postgres {
    private static final String ARCHIVE = "/postgres-linux-x86_64.txz";
    private static final String SUPERUSER = "in10nt";

    private final Home home;
    private final int port;
    private final boolean isRoot;

    Postgres(Home home, int port, boolean isRoot) {
        this.home = home;
        this.port = port;
        this.isRoot = isRoot;
    }

    private Path binaries() {
        return home.at("postgresql-bin");
    }

    private Path data() {
        return home.at("postgresql");
    }

    /** Unpacks and initialises what isn't there yet. */
    void prepare() {
        try {
            if (!Files.exists(binaries().resolve("bin/postgres"))) {
                unpack();
            }
            if (!Files.exists(data().resolve("PG_VERSION"))) {
                var passwordFile = home.at("secrets/postgres-superuser");
                home.password("postgres-superuser");
                run(List.of(
                        binaries().resolve("bin/initdb").toString(),
                        "-D",
                        data().toString(),
                        "-U",
                        SUPERUSER,
                        "--pwfile=" + passwordFile,
                        "--auth=scram-sha-256",
                        "--encoding=UTF8",
                        "--locale=C.UTF-8"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("PostgreSQL can't be prepared", e);
        }
    }

    private void unpack() throws IOException {
        try (var archive = Objects.requireNonNull(Postgres.class.getResourceAsStream(ARCHIVE), ARCHIVE);
                var tar = new TarArchiveInputStream(new XZCompressorInputStream(archive))) {
            for (var entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                var target = binaries().resolve(entry.getName()).normalize();
                if (entry.isDirectory()) {
                    Files.createDirectories(target);
                } else if (entry.isSymbolicLink()) {
                    Files.createDirectories(Objects.requireNonNull(target.getParent()));
                    if (!Files.exists(target, LinkOption.NOFOLLOW_LINKS)) {
                        Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
                    }
                } else {
                    Files.createDirectories(Objects.requireNonNull(target.getParent()));
                    Files.copy(tar, target, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
                    if ((entry.getMode() & 0100) != 0) {
                        Files.setPosixFilePermissions(
                                target,
                                EnumSet.of(
                                        PosixFilePermission.OWNER_READ,
                                        PosixFilePermission.OWNER_WRITE,
                                        PosixFilePermission.OWNER_EXECUTE));
                    }
                }
            }
        }
    }

    /** PostgreSQL refuses to be root; in a user namespace without a mapping it isn't, and the files stay ours. */
    private List<String> asUser(List<String> command) {
        if (!isRoot) {
            return command;
        }
        var wrapped = new ArrayList<>(List.of("unshare", "-U"));
        wrapped.addAll(command);
        return wrapped;
    }

    List<String> command() {
        return asUser(List.of(
                binaries().resolve("bin/postgres").toString(),
                "-D",
                data().toString(),
                "-p",
                String.valueOf(port),
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "fsync=on",
                "-c",
                "full_page_writes=on",
                "-c",
                "synchronous_commit=on",
                "-c",
                "shared_buffers=48MB",
                "-c",
                "max_connections=200",
                "-c",
                "idle_in_transaction_session_timeout=3s",
                "-c",
                "log_min_messages=warning"));
    }

    /** One role and one database for a service, with its password; safe to repeat. */
    void ensureDatabase(String name, String password) throws SQLException {
        try (var connection = connect();
                var statement = connection.createStatement()) {
            if (!has(statement, "select 1 from pg_roles where rolname = '" + name + "'")) {
                statement.execute("create role " + name + " login");
            }
            statement.execute("alter role " + name + " password '" + password + "'");
            if (!has(statement, "select 1 from pg_database where datname = '" + name + "'")) {
                statement.execute("create database " + name + " owner " + name);
            }
            statement.execute("revoke connect on database " + name + " from public");
        }
    }

    private static boolean has(Statement statement, String query) throws SQLException {
        try (var rows = statement.executeQuery(query)) {
            return rows.next();
        }
    }

    boolean isReady() {
        try (var connection = connect()) {
            return connection.isValid(1);
        } catch (SQLException e) {
            return false;
        }
    }

    private Connection connect() throws SQLException {
        var properties = new Properties();
        properties.setProperty("user", SUPERUSER);
        properties.setProperty("password", home.password("postgres-superuser"));
        properties.setProperty("connectTimeout", "2");
        properties.setProperty("socketTimeout", "20");
        return DriverManager.getConnection("jdbc:postgresql://127.0.0.1:" + port + "/postgres", properties);
    }

    private void run(List<String> command) throws IOException {
        try {
            var log = home.at("logs/initdb.log").toFile();
            var process = new ProcessBuilder(asUser(command))
                    .redirectErrorStream(true)
                    .redirectOutput(log)
                    .start();
            if (process.waitFor() != 0) {
                throw new IllegalStateException("initdb failed; see " + log);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
