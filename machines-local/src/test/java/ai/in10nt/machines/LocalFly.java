package ai.in10nt.machines;

import static org.awaitility.Awaitility.await;

import ai.in10nt.contracts.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** machines-local as a process of its own, as root or as an ordinary user, with a client's view of it. */
final class LocalFly implements AutoCloseable {
    private static final String TOKEN = "a-token-of-this-test";
    /** Of addresses: several run side by side. */
    private static final AtomicInteger BLOCKS =
            new AtomicInteger(ThreadLocalRandom.current().nextInt(40));
    /** The same tests against containers: {@code ./dev test} runs them so, where a Docker engine answers. */
    static final boolean IS_DOCKER = "docker".equals(System.getenv("IN10NT_TEST_DRIVER"));

    private final Path folder;
    private final int port;
    private final FlyClient client;
    private int block = BLOCKS.getAndIncrement() % 40 + 211;
    private final @Nullable Integer user;
    private @Nullable Process guard;
    private Process process;

    LocalFly(@Nullable Integer user) throws IOException {
        this.user = user;
        this.folder = Files.createTempDirectory("in10nt-machines");
        this.port = freePort();
        this.client = new FlyClient("http://127.0.0.1:" + port, TOKEN);
        Files.writeString(folder.resolve("token"), TOKEN);
        // What an ordinary user can read, wherever this checkout is.
        var lib = Files.createDirectories(folder.resolve("lib"));
        for (var entry : System.getProperty("java.class.path").split(":", -1)) {
            if (entry.endsWith(".jar")) {
                Files.copy(Path.of(entry), lib.resolve(Path.of(entry).getFileName()));
            }
        }
        copyFolder(Path.of("target/classes"), folder.resolve("classes"));
        if (user != null) {
            run("chown", "-R", user + ":" + user, folder.toString());
        }
        if (IS_DOCKER) {
            makeNetwork();
            guard = java(
                    "ai.in10nt.machines.EngineGuard",
                    Map.of(
                            "GUARD_LISTEN", engine().toString(),
                            "GUARD_FOLDER", home().toString(),
                            "MACHINES_NETWORK", network()),
                    null);
            await("the engine is guarded").atMost(Duration.ofSeconds(20)).until(() -> Files.exists(engine()));
        }
        this.process = start();
    }

    /** Others may have a network of these addresses. */
    private void makeNetwork() throws IOException {
        for (int tries = 1; ; tries++) {
            try {
                var subnet = "10." + block + ".0.0/16";
                var range = "10." + block + ".255.0/24";
                run("docker", "network", "create", "--subnet", subnet, "--ip-range", range, network());
                return;
            } catch (IOException e) {
                if (tries == 5) {
                    throw e;
                }
                block = ThreadLocalRandom.current().nextInt(60, 200);
            }
        }
    }

    /** The socket that machines-local has. */
    Path engine() {
        return folder.resolve("engine.sock");
    }

    String modelAddress() {
        return "10." + block + ".254.2";
    }

    String network() {
        return "in10nt-test-" + block + "-" + port;
    }

    private static void copyFolder(Path from, Path to) throws IOException {
        run("cp", "-a", from.toString(), to.toString());
    }

    private static void run(String... command) throws IOException {
        try {
            if (new ProcessBuilder(command).inheritIO().start().waitFor() != 0) {
                throw new IOException(String.join(" ", command));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private Process start() throws IOException {
        var environment = new HashMap<>(Map.of(
                "MACHINES_PORT", String.valueOf(port),
                "MACHINES_HOME", home().toString(),
                "MACHINES_TOKEN_FILE", folder.resolve("token").toString(),
                "MACHINES_ADDRESSES", "127." + block,
                "MACHINES_JAVA", System.getProperty("java.home"),
                "MACHINES_AGENT", folder.resolve("lib").toString(),
                "MACHINES_OPENCODE", "/bin/true"));
        if (IS_DOCKER) {
            environment.putAll(Map.of(
                    "MACHINES_DRIVER",
                    "docker",
                    "MACHINES_ADDRESSES",
                    "10." + block,
                    "MACHINES_MODEL",
                    modelAddress() + ":8080",
                    "MACHINES_NETWORK",
                    network(),
                    "DOCKER_HOST",
                    "unix://" + engine()));
        }
        var started = java("ai.in10nt.machines.MachinesLocal", environment, user);
        await("machines-local is up").atMost(Duration.ofSeconds(40)).until(() -> !started.isAlive() || isUp());
        if (!started.isAlive()) {
            if (guard != null) {
                guard.destroy();
            }
            throw new IOException("machines-local didn't start:\n" + Files.readString(folder.resolve("log")));
        }
        return started;
    }

    private Process java(String program, Map<String, String> environment, @Nullable Integer user) throws IOException {
        var command = new ArrayList<String>();
        if (user != null) {
            // udev would let every user open it; where it doesn't, this process sees one that may be.
            command.addAll(List.of(
                    "unshare",
                    "-m",
                    "sh",
                    "-c",
                    "mknod \"$1/tun\" c 10 200 && chmod 666 \"$1/tun\" && mount --bind \"$1/tun\" /dev/net/tun; rm -f \"$1/tun\";"
                            + " user=$2; shift 2; exec setpriv --reuid \"$user\" --regid \"$user\" --clear-groups \"$@\"",
                    "sh",
                    folder.toString(),
                    user.toString()));
        }
        command.addAll(List.of(
                Path.of(Objects.requireNonNull(System.getProperty("java.home")), "bin/java")
                        .toString(),
                "-XX:TieredStopAtLevel=1",
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                folder.resolve("classes") + ":" + folder.resolve("lib") + "/*",
                program));
        var builder = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(folder.resolve("log").toFile()));
        builder.environment().putAll(environment);
        return builder.start();
    }

    private boolean isUp() {
        try {
            return get("/health").status() == 200;
        } catch (UncheckedIOException notYet) {
            return false;
        }
    }

    /** kill -9, and a new one on the same state; the machines go on. */
    void restart() throws IOException, InterruptedException {
        process.descendants().filter(child -> isMachinesLocal(child)).forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly().waitFor();
        process = start();
    }

    private static boolean isMachinesLocal(ProcessHandle child) {
        return child.info().commandLine().orElse("").contains("MachinesLocal");
    }

    /** What a machine's main program has written. */
    String log(String machine) throws IOException {
        if (IS_DOCKER) {
            var result = Host.run(Duration.ofSeconds(20), List.of("docker", "logs", "in10nt-" + machine));
            return result.stdout() + result.stderr();
        }
        return Files.readString(home().resolve("machines").resolve(machine).resolve("machine.log"));
    }

    Path home() {
        return folder.resolve("home");
    }

    String driver() throws IOException {
        return Files.readString(home().resolve("driver"));
    }

    FlyClient client() {
        return client;
    }

    FlyClient.Answer get(String path) {
        return client.get(path);
    }

    FlyClient.Answer post(String path, @Nullable String body) {
        return client.post(path, body);
    }

    FlyClient.Answer delete(String path) {
        return client.delete(path);
    }

    FlyClient.Answer exec(String machine, String command) {
        return post("/v1/apps/test/machines/" + machine + "/exec", Json.text(Map.of("cmd", command)));
    }

    @Override
    public void close() throws IOException {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        if (IS_DOCKER) {
            run(
                    "sh",
                    "-c",
                    "docker rm -f $(docker ps -aq --filter label=ai.in10nt.network=" + network()
                            + ") >/dev/null 2>&1; docker network rm " + network() + " >/dev/null");
        }
        if (guard != null) {
            guard.destroy();
        }
        run("rm", "-rf", "--one-file-system", folder.toString());
    }
}
