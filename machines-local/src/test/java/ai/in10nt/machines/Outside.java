package ai.in10nt.machines;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A network of our own around this process, which must have been started in a network namespace of its own: this namespace stands
 * for the host, a second one for all that lies beyond it. Nothing that is tried here can leave.
 */
final class Outside implements AutoCloseable {
    static final String HOST = "10.77.0.2";
    static final String ROUTER = "10.77.0.1";
    static final String PRIVATE = "10.99.0.1";
    static final String METADATA = "169.254.169.254";
    static final String SHARED = "100.64.0.9";
    static final String PUBLIC = "198.51.100.7";
    static final int PORT = 7777;

    private final Process beyond;
    private final Process server;
    private final Process hostServer;

    Outside() throws IOException {
        this.beyond = new ProcessBuilder("unshare", "-n", "sleep", "600").start();
        var pid = String.valueOf(beyond.pid());
        Host.await(Duration.ofSeconds(5), () -> !namespace(pid).equals(namespace("self")));
        run("ip", "link", "set", "lo", "up");
        run("ip", "link", "add", "v0", "type", "veth", "peer", "name", "v1");
        run("ip", "link", "set", "v1", "netns", pid);
        run("ip", "addr", "add", HOST + "/24", "dev", "v0");
        run("ip", "link", "set", "v0", "up");
        inside(pid, "ip", "link", "set", "lo", "up");
        inside(pid, "ip", "addr", "add", ROUTER + "/24", "dev", "v1");
        inside(pid, "ip", "link", "set", "v1", "up");
        for (var address : List.of(PRIVATE, METADATA, SHARED, PUBLIC)) {
            inside(pid, "ip", "addr", "add", address + "/32", "dev", "lo");
        }
        run("ip", "route", "add", "default", "via", ROUTER);
        this.server = serve("nsenter", "-n", "-t", pid);
        this.hostServer = serve("env");
        for (var address : List.of(HOST, "127.0.0.1", ROUTER, PRIVATE, METADATA, SHARED, PUBLIC)) {
            if (Host.await(Duration.ofSeconds(10), () -> answers(address)).isEmpty()) {
                throw new IOException(address + " doesn't answer: the test would prove nothing");
            }
        }
    }

    private static String namespace(String process) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + process + "/ns/net"))
                    .toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static boolean answers(String address) {
        return Host.run(Duration.ofSeconds(3), List.of("bash", "-c", "exec 3<>/dev/tcp/" + address + "/" + PORT))
                        .exitCode()
                == 0;
    }

    private static Process serve(String... in) throws IOException {
        var command = new ArrayList<>(List.of(in));
        var jdk = Path.of(Objects.requireNonNull(System.getProperty("java.home")));
        command.addAll(List.of(
                jdk.resolve("bin/jwebserver").toString(),
                "-b",
                "0.0.0.0",
                "-p",
                String.valueOf(PORT),
                "-d",
                "/var/empty"));
        Files.createDirectories(Path.of("/var/empty"));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(Path.of("/dev/null").toFile())
                .start();
    }

    private static void inside(String pid, String... command) {
        var whole = new ArrayList<>(List.of("nsenter", "-n", "-t", pid));
        whole.addAll(List.of(command));
        run(whole.toArray(String[]::new));
    }

    private static void run(String... command) {
        var result = Host.run(Duration.ofSeconds(5), List.of(command));
        if (result.exitCode() != 0) {
            throw new IllegalStateException(String.join(" ", command) + ": " + result.stderr());
        }
    }

    @Override
    public void close() {
        server.destroy();
        hostServer.destroy();
        beyond.destroy();
    }
}
