package ai.in10nt.machines;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What machines-local is told at start, by environment.
 *
 * @param token callers must have it
 * @param modelPort the one port of the host that machines may reach; absent: none
 * @param addresses machines get ADDRESSES.x.y: of the loopback network, or of the Docker network
 * @param java the JDK that is shown to machines
 * @param agent folder of the agent server's jars
 * @param driver {@code sandbox}, {@code docker}, or {@code process} for no sandbox at all
 * @param host the address it listens at
 * @param docker where machines are containers
 */
record Config(
        int port,
        String host,
        Path home,
        String token,
        @Nullable Integer modelPort,
        String addresses,
        Path java,
        Path agent,
        Path openCode,
        String driver,
        Docker docker) {

    /**
     * Machines as containers.
     *
     * @param network the Docker network that machines join; its subnet begins with the machines' addresses
     * @param model the one private address and port that machines reach, as {@code ADDRESS:PORT}; absent: none
     * @param image has {@code nft}, to put up a machine's walls
     * @param endsMachines whether they end when this process is told to, as a host's shutdown ends them; a crash never does
     */
    record Docker(String network, @Nullable String model, String image, boolean endsMachines) {}

    static Config from(Map<String, String> env) {
        var model = env.get("MACHINES_MODEL_PORT");
        return new Config(
                Integer.parseInt(required(env, "MACHINES_PORT")),
                env.getOrDefault("MACHINES_HOST", "127.0.0.1"),
                Path.of(required(env, "MACHINES_HOME")).toAbsolutePath(),
                read(Path.of(required(env, "MACHINES_TOKEN_FILE"))),
                model == null ? null : Integer.valueOf(model),
                env.getOrDefault("MACHINES_ADDRESSES", "127.9"),
                Path.of(env.getOrDefault("MACHINES_JAVA", "/opt/in10nt/java")),
                Path.of(env.getOrDefault("MACHINES_AGENT", "/opt/in10nt/agent")),
                Path.of(env.getOrDefault("MACHINES_OPENCODE", "/opt/in10nt/opencode")),
                env.getOrDefault("MACHINES_DRIVER", "sandbox"),
                new Docker(
                        env.getOrDefault("MACHINES_NETWORK", "in10nt-machines"),
                        env.get("MACHINES_MODEL"),
                        env.getOrDefault("MACHINES_IMAGE", "in10nt/agent:local"),
                        Boolean.parseBoolean(env.getOrDefault("MACHINES_END_WITH_IT", "false"))));
    }

    private static String required(Map<String, String> env, String name) {
        var value = env.get(name);
        if (value == null) {
            throw new IllegalArgumentException("machines-local needs " + name);
        }
        return value;
    }

    private static String read(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path machine(String id) {
        return home.resolve("machines").resolve(id);
    }

    Path volume(String id) {
        return home.resolve("volumes").resolve(id);
    }

    Path snapshot(String id) {
        return home.resolve("snapshots").resolve(id + ".tar");
    }

    @Override
    public String toString() {
        return "Config[port " + port + ", " + home + "]";
    }
}
