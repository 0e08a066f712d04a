package ai.in10nt.stack;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the user chose, by environment and arguments; documented in {@code docs/local-stack.md}.
 *
 * @param isRecording this run is only there to write down which classes programs load
 * @param portBase the gateway's port is this; all others follow in a block that begins at {@code portBase + 10000}
 */
record Settings(
        Path root,
        Path home,
        int portBase,
        int replicas,
        boolean isSandboxed,
        @Nullable Path failPoints,
        boolean isRecording,
        Map<String, String> env) {

    /** A port of the stack and who listens there. */
    record Port(String owner, int number) {}

    private static final int BLOCK = 10_000;

    static Settings from(Map<String, String> env, List<String> arguments) {
        var root = Path.of(env.getOrDefault("IN10NT_ROOT", "."));
        var failPoints = env.get("IN10NT_FAILPOINTS");
        var home =
                Path.of(env.getOrDefault("IN10NT_HOME", root.resolve(".in10nt").toString()));
        return new Settings(
                root.toAbsolutePath().normalize(),
                home,
                Integer.parseInt(env.getOrDefault("IN10NT_PORT", "8080")),
                replicas(arguments),
                !env.getOrDefault("IN10NT_DRIVER", "sandbox").equals("process"),
                failPoints == null ? null : Path.of(failPoints),
                !arguments.isEmpty() && arguments.getFirst().equals("record"),
                withSecrets(env, home.resolve("run/env")));
    }

    /** {@code dev} hands secrets over in a 0600 file, so that they are in nobody's environment. */
    private static Map<String, String> withSecrets(Map<String, String> env, Path file) {
        var all = new TreeMap<>(env);
        if (Files.exists(file)) {
            try {
                for (var line : Files.readAllLines(file)) {
                    int at = line.indexOf('=');
                    if (at > 0) {
                        all.put(line.substring(0, at), line.substring(at + 1));
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return Map.copyOf(all);
    }

    private static int replicas(List<String> arguments) {
        int at = arguments.indexOf("--replicas");
        return at < 0 ? 1 : Math.clamp(Integer.parseInt(arguments.get(at + 1)), 1, 9);
    }

    int gatewayPort(int replica) {
        return replica == 1 ? portBase : portBase + BLOCK + 10 + replica;
    }

    int provisionerPort(int replica) {
        return portBase + BLOCK + 20 + replica;
    }

    int taskPort(int replica) {
        return portBase + BLOCK + 30 + replica;
    }

    int logPort(int replica) {
        return portBase + BLOCK + 40 + replica;
    }

    int integrationPort(int replica) {
        return portBase + BLOCK + 50 + replica;
    }

    int kafkaPort() {
        return portBase + BLOCK + 1;
    }

    int kafkaControllerPort() {
        return portBase + BLOCK + 2;
    }

    int postgresPort() {
        return portBase + BLOCK + 3;
    }

    int machinesPort() {
        return portBase + BLOCK + 4;
    }

    int modelPort() {
        return portBase + BLOCK + 5;
    }

    /** Machines of this stack get 127.BLOCK.x.y, so that two stacks don't meet. */
    int addressBlock() {
        return 10 + Math.floorMod(portBase, 200);
    }

    List<Port> ports() {
        var ports = new ArrayList<Port>();
        for (int replica = 1; replica <= replicas; replica++) {
            ports.add(new Port("api-gateway", gatewayPort(replica)));
            ports.add(new Port("provisioner-service", provisionerPort(replica)));
            ports.add(new Port("task-service", taskPort(replica)));
            ports.add(new Port("log-service", logPort(replica)));
            ports.add(new Port("integration-service", integrationPort(replica)));
        }
        ports.add(new Port("kafka", kafkaPort()));
        ports.add(new Port("kafka's controller", kafkaControllerPort()));
        ports.add(new Port("postgresql", postgresPort()));
        ports.add(new Port("machines-local", machinesPort()));
        ports.add(new Port("demo model", modelPort()));
        return ports;
    }

    static boolean isFree(int port) {
        try (var socket = new ServerSocket()) {
            socket.setReuseAddress(true);
            socket.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** How old the keys of integrations may get; 0: they are rotated by hand. */
    Duration rotateKeysEvery() {
        return rotateKeysEvery(env);
    }

    static Duration rotateKeysEvery(Map<String, String> env) {
        var text = env.getOrDefault("IN10NT_ROTATE_KEYS", "24h");
        if (text.equals("never")) {
            return Duration.ZERO;
        }
        try {
            var every = Duration.parse("PT" + text);
            if (every.isPositive()) {
                return every;
            }
        } catch (DateTimeParseException noTime) {
            // Said below.
        }
        throw new Stack.Trouble("IN10NT_ROTATE_KEYS: must be a time like 24h or 90m, or never; it is " + text);
    }

    Optional<String> variable(String name) {
        return Optional.ofNullable(env.get(name)).filter(value -> !value.isBlank());
    }

    /** The environment holds keys. */
    @Override
    public String toString() {
        return "Settings[" + home + ", port " + portBase + "]";
    }
}
