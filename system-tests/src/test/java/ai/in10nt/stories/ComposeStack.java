package ai.in10nt.stories;

import static org.awaitility.Awaitility.await;

import ai.in10nt.chaos.ContainerInstallation;
import ai.in10nt.chaos.Docker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/** The stack as containers, under a project name, ports and addresses of its own. */
final class ComposeStack implements AutoCloseable {
    private final String project = "in10nt-story-" + ProcessHandle.current().pid();
    private final int port = freePort();
    private final int kafkaPort = freePort();
    private final Map<String, String> settings = Map.of(
            "COMPOSE_PROJECT_NAME",
            project,
            "COMPOSE_PROFILES",
            "demo",
            "IN10NT_PORT",
            String.valueOf(port),
            "IN10NT_KAFKA_PORT",
            String.valueOf(kafkaPort),
            "IN10NT_MACHINES_NETWORK",
            project + "-machines",
            "IN10NT_MACHINES_ADDRESSES",
            "10." + ThreadLocalRandom.current().nextInt(60, 200));
    private @Nullable ContainerInstallation installation;

    static ComposeStack up() {
        var stack = new ComposeStack();
        try {
            stack.upAgain();
            return stack;
        } catch (RuntimeException e) {
            stack.close();
            throw e;
        }
    }

    private static int freePort() {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void upAgain() {
        compose("up", "-d");
        installation = new ContainerInstallation(project);
        await("the gateway is ready")
                .atMost(Duration.ofMinutes(3))
                .ignoreExceptions()
                .until(() -> client().get("/health/ready").status() == 200);
    }

    /** A service of a profile that isn't on. */
    void upToo(String service, String setting, String value) {
        var more = new HashMap<>(settings);
        more.put(setting, value);
        Docker.compose(TestStack.ROOT, more, "--profile", "observability", "up", "-d", "--no-deps", service);
    }

    /** This machine, as containers of the stack reach it. */
    String host() {
        return Docker.docker(
                "network", "inspect", "-f", "{{range .IPAM.Config}}{{.Gateway}}{{end}}", project + "_stack");
    }

    void down() {
        compose("down");
    }

    ContainerInstallation installation() {
        return Objects.requireNonNull(installation);
    }

    Client client() {
        return installation().gateway(1);
    }

    /** As users are told by {@code docker-compose run --rm setup show}. */
    private String shown(String name) {
        return compose("run", "--rm", "setup", "show")
                .lines()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()).strip())
                .findFirst()
                .orElseThrow();
    }

    /** What it tells. */
    String rotateKeys() {
        return compose("run", "--rm", "keys", "rotate-keys");
    }

    /** As they are a day after they were rotated; who keeps them looks when it starts, and every ten minutes. */
    void letKeysBeOld() {
        var keys = installation().container("keys");
        Docker.docker("exec", keys, "sh", "-c", "echo 2026-01-01T00:00:00Z >/state/keys/rotated");
        Docker.docker("restart", keys);
    }

    /** Of the principal that reads events. */
    Properties reader() {
        var properties = new Properties();
        properties.put("bootstrap.servers", "127.0.0.1:" + kafkaPort);
        properties.put("security.protocol", "SASL_PLAINTEXT");
        properties.put("sasl.mechanism", "SCRAM-SHA-512");
        properties.put(
                "sasl.jaas.config",
                "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + shown("user")
                        + "\" password=\"" + shown("password") + "\";");
        properties.put("group.id", "events-of-a-story");
        properties.put("auto.offset.reset", "earliest");
        properties.put("isolation.level", "read_committed");
        properties.put("max.block.ms", 10_000);
        return properties;
    }

    /** What must be in no description of a container. */
    List<String> secrets() {
        var secrets = new ArrayList<>(List.of(
                shown("API key"), shown("password"), installation().inside("machines-local", "/run/in10nt/fly-token")));
        installation()
                .inside("task-service", "/run/in10nt/application.properties")
                .lines()
                .filter(line -> line.startsWith("quarkus.datasource.password="))
                .map(line -> line.substring(line.indexOf('=') + 1))
                .forEach(secrets::add);
        return secrets;
    }

    private String compose(String... words) {
        return Docker.compose(TestStack.ROOT, settings, words);
    }

    @Override
    public void close() {
        if (installation != null) {
            installation.machines().forEach(machine -> Docker.docker("rm", "-f", machine));
        }
        compose("--profile", "observability", "down", "-v", "--remove-orphans");
    }
}
