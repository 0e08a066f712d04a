package ai.in10nt.stories;

import static org.awaitility.Awaitility.await;

import ai.in10nt.bundles.StandIns;
import ai.in10nt.chaos.Installation;
import ai.in10nt.chaos.LocalInstallation;
import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/** A whole stack in a folder and on ports of its own, as {@code ./dev up} starts it. */
final class TestStack implements AutoCloseable {
    static final Path ROOT = Path.of("..").toAbsolutePath().normalize();

    private final Path home;
    private final int port;
    private @Nullable Contract contract;
    private final Process process;
    private final StandIns partners = new StandIns();

    private TestStack(Path home, int port, int replicas) throws IOException {
        this.home = home;
        this.port = port;
        var builder = command("up", "--replicas", String.valueOf(replicas))
                .redirectErrorStream(true)
                .redirectOutput(home.resolve("stack.out").toFile());
        builder.environment().put("IN10NT_FAILPOINTS", failPoints().toString());
        StandIns.PARTNERS.forEach(partner -> builder.environment()
                .put("INTEGRATIONS_PARTNERS_URL_" + partner.toUpperCase(Locale.ROOT), partners.url(partner)));
        builder.environment().put("INTEGRATIONS_PARTNERS_ALLOW_PRIVATE", "true");
        this.process = builder.start();
    }

    static TestStack start(int replicas) {
        try {
            var home = Files.createTempDirectory("in10nt-story");
            Files.createDirectories(home.resolve("failpoints"));
            var stack = new TestStack(home, freePort(), replicas);
            stack.awaitReady();
            return stack;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void awaitReady() {
        await("the stack is ready")
                .atMost(Duration.ofMinutes(3))
                .pollInterval(Duration.ofMillis(200))
                .until(() -> Files.exists(home.resolve("run/ready")) || !process.isAlive());
        if (!process.isAlive()) {
            throw new IllegalStateException("the stack didn't start:\n" + read(home.resolve("stack.out")));
        }
    }

    /** The base of a block of ports that nobody has, below those that the system gives to outgoing connections. */
    private static int freePort() {
        while (true) {
            int base = ThreadLocalRandom.current().nextInt(12_000, 20_900);
            // The machines' addresses follow from it: another than those of DevStory's stacks, which may run beside.
            boolean isMine = base % 200 != DevStory.GATEWAY % 200;
            if (isMine
                    && IntStream.concat(IntStream.of(base), IntStream.range(base + 10_001, base + 10_060))
                            .allMatch(TestStack::isFree)) {
                return base;
            }
        }
    }

    private static boolean isFree(int port) {
        try (var socket = new ServerSocket()) {
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** {@code ./dev}, of what is built. */
    private ProcessBuilder command(String... words) {
        var command = new ArrayList<>(List.of(ROOT.resolve("dev").toString()));
        command.addAll(List.of(words));
        var builder = new ProcessBuilder(command).directory(ROOT.toFile());
        builder.environment()
                .putAll(Map.of(
                        "IN10NT_BUILT", "yes",
                        "IN10NT_HOME", home.toString(),
                        "IN10NT_PORT", String.valueOf(port),
                        "JAVA_HOME", Objects.requireNonNull(System.getProperty("java.home"))));
        builder.environment().keySet().removeIf(name -> name.endsWith("_API_KEY"));
        return builder;
    }

    String run(String... words) {
        try {
            var out = Files.createTempFile(home, "command", ".out");
            var running = command(words)
                    .redirectOutput(out.toFile())
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            if (!running.waitFor(5, TimeUnit.MINUTES)) {
                running.destroyForcibly();
                throw new IllegalStateException(
                        "./dev " + String.join(" ", words) + " isn't over after five minutes, and said:\n" + read(out));
            }
            return read(out).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    Installation installation() {
        return new LocalInstallation(home, port);
    }

    JsonNode status() {
        return Json.read(run("status", "--json"), JsonNode.class);
    }

    String newKey(String tenant) {
        return run("key", "create", "--tenant", tenant);
    }

    Client client() {
        return client(1);
    }

    /** Through the n-th replica of the gateway. */
    Client client(int replica) {
        return client(replica, key());
    }

    Client client(int replica, String key) {
        int gatewayPort = replica == 1 ? port : port + 10_010 + replica;
        return new Client("http://127.0.0.1:" + gatewayPort, key, contract());
    }

    Client client(String key) {
        return new Client(baseUrl(), key, contract());
    }

    private synchronized Contract contract() {
        if (contract == null) {
            contract = new Contract(new Client(baseUrl(), "")
                    .send("GET", "/openapi", null, "Accept", "application/json")
                    .json());
        }
        return contract;
    }

    String baseUrl() {
        return "http://127.0.0.1:" + port;
    }

    String key() {
        return read(home.resolve("secrets/api-key")).strip();
    }

    /** What the demo model was asked, in prompts that have this text. */
    List<JsonNode> asked(String text) {
        var model = new Client("http://127.0.0.1:" + (port + 10_005), "");
        return StreamSupport.stream(
                        model.get("/requests?contains=" + text).json().spliterator(), false)
                .toList();
    }

    Client fly() {
        return new Client(
                "http://127.0.0.1:" + (port + 10_004),
                read(home.resolve("secrets/fly-token")).strip());
    }

    String kafka() {
        return "127.0.0.1:" + (port + 10_001);
    }

    /** What stands in for the partners' APIs. */
    StandIns partners() {
        return partners;
    }

    Path home() {
        return home;
    }

    private Path failPoints() {
        return home.resolve("failpoints");
    }

    /** The next process that comes to this point dies there. */
    void dieAt(String failPoint) {
        try {
            Files.createFile(failPoints().resolve(failPoint));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean hasDiedAt(String failPoint) {
        return !Files.exists(failPoints().resolve(failPoint));
    }

    long pid(String service) {
        return Long.parseLong(
                read(home.resolve("run/" + service + ".pid")).strip().split(" ", -1)[0]);
    }

    /** kill -9, of a process that this stack started; returns once its successor has started. */
    void kill(String service) {
        long victim = pid(service);
        ProcessHandle.of(victim).orElseThrow().destroyForcibly();
        await(service + " is started again")
                .atMost(Duration.ofSeconds(10))
                .pollInterval(Duration.ofMillis(50))
                .until(() -> pid(service) != victim);
    }

    String log(String service) {
        return read(home.resolve("logs/" + service + ".log"));
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Processes whose command names this stack's folder: all that it may ever leave. */
    List<String> processes() {
        return ProcessHandle.allProcesses()
                .map(handle -> handle.pid() + " "
                        + String.join(" ", handle.info().commandLine().stream().toList()))
                .filter(line -> line.contains(home.toString()))
                .toList();
    }

    /** As {@code ./dev down}. */
    void stop() {
        process.destroy();
        try {
            if (!process.waitFor(60, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException("the stack didn't stop in a minute");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        stop();
        partners.close();
        try {
            new ProcessBuilder("rm", "-rf", "--one-file-system", home.toString())
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
