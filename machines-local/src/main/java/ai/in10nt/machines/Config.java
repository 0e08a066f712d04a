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
 * @param addressBlock machines get 127.BLOCK.x.y
 * @param java the JDK that is shown to machines
 * @param agent folder of the agent server's jars
 * @param driver {@code sandbox}, or {@code process} for no sandbox at all
 */
record Config(
        int port,
        Path home,
        String token,
        @Nullable Integer modelPort,
        int addressBlock,
        Path java,
        Path agent,
        Path openCode,
        String driver) {

    static Config from(Map<String, String> env) {
        var model = env.get("MACHINES_MODEL_PORT");
        return new Config(
                Integer.parseInt(required(env, "MACHINES_PORT")),
                Path.of(required(env, "MACHINES_HOME")).toAbsolutePath(),
                read(Path.of(required(env, "MACHINES_TOKEN_FILE"))),
                model == null ? null : Integer.valueOf(model),
                Integer.parseInt(env.getOrDefault("MACHINES_ADDRESS_BLOCK", "9")),
                Path.of(required(env, "MACHINES_JAVA")),
                Path.of(required(env, "MACHINES_AGENT")),
                Path.of(required(env, "MACHINES_OPENCODE")),
                env.getOrDefault("MACHINES_DRIVER", "sandbox"));
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
