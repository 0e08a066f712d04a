package ai.in10nt.agent;

import ai.in10nt.contracts.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the machine was given: the secrets in one file that only this process may read, the rest in {@code IN10NT_*} variables,
 * whose defaults are right inside a machine.
 *
 * @param openCodePassword of this boot: what this process and the agent say to each other
 */
record AgentConfig(
        Secrets secrets,
        Path data,
        Path workspace,
        String host,
        int port,
        int proxyPort,
        Path openCode,
        Path agentFile,
        boolean hasOneUser,
        Map<String, String> agentEnv,
        Integrations integrations,
        String openCodePassword) {

    /**
     * The file that the provisioner put into the machine.
     *
     * @param env the user's variables, for the agent alone
     * @param providers by name, as a run names one
     * @param hasIntegrations whether the agent waits for some before it begins
     */
    record Secrets(
            String instanceId,
            int generation,
            String token,
            Map<String, Provider> providers,
            @Nullable Map<String, String> env,
            @Nullable Boolean hasIntegrations) {
        @Override
        public String toString() {
            return "Secrets[" + instanceId + ", generation " + generation + "]";
        }
    }

    /**
     * Where models are asked, in OpenAI's chat-completions form.
     *
     * @param inputPrice US dollars per million tokens, used where the provider doesn't give the cost itself
     */
    record Provider(
            String baseUrl,
            @Nullable String apiKey,
            @Nullable Double inputPrice,
            @Nullable Double outputPrice) {
        @Override
        public String toString() {
            return "Provider[" + baseUrl + "]";
        }
    }

    static AgentConfig from(Map<String, String> env) {
        try {
            var file = Path.of(env.getOrDefault("IN10NT_AGENT_FILE", "/run/in10nt/agent.json"));
            var secrets = Json.MAPPER.readValue(file.toFile(), Secrets.class);
            var agentEnv = new TreeMap<>(env);
            agentEnv.keySet().removeIf(name -> name.startsWith("IN10NT_"));
            if (secrets.env() != null) {
                agentEnv.putAll(secrets.env());
            }
            return new AgentConfig(
                    secrets,
                    Path.of(env.getOrDefault("IN10NT_DATA", "/data")),
                    Path.of(env.getOrDefault("IN10NT_WORKSPACE", "/workspace")),
                    env.getOrDefault("IN10NT_HOST", "::"),
                    Integer.parseInt(env.getOrDefault("IN10NT_PORT", "3000")),
                    Integer.parseInt(env.getOrDefault("IN10NT_PROXY_PORT", "10311")),
                    Path.of(env.getOrDefault("IN10NT_OPENCODE", "/opt/in10nt/opencode")),
                    file,
                    env.containsKey("IN10NT_ONE_USER"),
                    agentEnv,
                    new Integrations(Boolean.TRUE.equals(secrets.hasIntegrations())),
                    password());
        } catch (IOException e) {
            throw new UncheckedIOException("the agent server's configuration", e);
        }
    }

    private static String password() {
        var bytes = new byte[24];
        new SecureRandom().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** Where this process keeps what must outlive a boot. */
    Path state() {
        return data.resolve("in10nt");
    }

    /** The agent's own home, on the volume. */
    Path home() {
        return data.resolve("home");
    }

    /**
     * The user that the agent runs as, so that it can't read what this process can; absent where the machine has only one
     * user id.
     */
    Optional<Integer> agentUser() {
        if (hasOneUser) {
            return Optional.empty();
        }
        try {
            var ids = Files.readString(Path.of("/proc/self/uid_map"))
                    .strip()
                    .lines()
                    .mapToLong(line -> Long.parseLong(line.substring(line.lastIndexOf(' ') + 1)))
                    .sum();
            boolean isRoot = (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
            return isRoot && ids > 1000 ? Optional.of(1000) : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
