package ai.in10nt.stories;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/** The stack as containers, under a project name, ports and addresses of its own. */
final class ComposeStack implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofMinutes(4);

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

    static ComposeStack up() {
        var stack = new ComposeStack();
        try {
            stack.upAgain();
            return stack;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freePort() {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void upAgain() throws IOException {
        compose("up", "-d");
        await("the gateway is ready")
                .atMost(Duration.ofSeconds(90))
                .ignoreExceptions()
                .until(() -> new Client(url(), "").get("/health/ready").status() == 200);
    }

    void down() throws IOException {
        compose("down");
    }

    private String url() {
        return "http://127.0.0.1:" + port;
    }

    Client client() {
        return new Client(url(), inside("api-gateway", "/run/in10nt/api-key"));
    }

    private String inside(String service, String file) {
        try {
            return docker("exec", container(service), "cat", file).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** As users are told by {@code docker-compose run --rm setup show}. */
    private String shown(String name) throws IOException {
        return compose("run", "--rm", "setup", "show")
                .lines()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()).strip())
                .findFirst()
                .orElseThrow();
    }

    /** Of the principal that reads events. */
    Properties reader() throws IOException {
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
    List<String> secrets() throws IOException {
        var secrets = new ArrayList<>(
                List.of(shown("API key"), shown("password"), inside("machines-local", "/run/in10nt/fly-token")));
        inside("task-service", "/run/in10nt/application.properties")
                .lines()
                .filter(line -> line.startsWith("quarkus.datasource.password="))
                .map(line -> line.substring(line.indexOf('=') + 1))
                .forEach(secrets::add);
        return secrets;
    }

    /** kill -9 of its main program; the engine starts it again. What Docker is told to kill stays down, as the user wants it. */
    void kill(String service) throws IOException {
        var container = container(service);
        var pid = docker("inspect", "-f", "{{.State.Pid}}", container).strip();
        run(List.of("kill", "-9", pid));
        await(service + " is started again").atMost(Duration.ofSeconds(30)).until(() -> {
            var now = docker("inspect", "-f", "{{.State.Pid}}", container).strip();
            return !now.equals(pid) && !now.equals("0");
        });
    }

    void killMachine() throws IOException {
        docker("kill", "-s", "KILL", machines().getFirst());
    }

    private String container(String service) throws IOException {
        return docker(
                        "ps",
                        "-aq",
                        "--filter",
                        "label=com.docker.compose.project=" + project,
                        "--filter",
                        "label=com.docker.compose.service=" + service,
                        "--filter",
                        "label=com.docker.compose.oneoff=False")
                .strip();
    }

    /** Containers of this stack, and its machines. */
    List<String> containers() throws IOException {
        var all = new ArrayList<>(docker("ps", "-aq", "--filter", "label=com.docker.compose.project=" + project)
                .lines()
                .toList());
        all.addAll(machines());
        return all;
    }

    List<String> machines() throws IOException {
        return docker(
                        "ps",
                        "-aq",
                        "--filter",
                        "label=ai.in10nt.machine",
                        "--filter",
                        "label=ai.in10nt.network=" + project + "-machines")
                .lines()
                .toList();
    }

    String docker(String... words) throws IOException {
        var command = new ArrayList<>(List.of("docker"));
        command.addAll(List.of(words));
        return run(command);
    }

    private String compose(String... words) throws IOException {
        var command = new ArrayList<String>();
        command.addAll(
                Files.exists(Path.of("/usr/bin/docker-compose"))
                        ? List.of("docker-compose")
                        : List.of("docker", "compose"));
        command.addAll(List.of(words));
        return run(command);
    }

    private String run(List<String> command) throws IOException {
        var out = Files.createTempFile("in10nt-compose", ".out");
        var err = Files.createTempFile("in10nt-compose", ".err");
        try {
            var builder = new ProcessBuilder(command)
                    .directory(TestStack.ROOT.toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile());
            builder.environment().putAll(settings);
            var process = builder.start();
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
            if (process.isAlive() || process.exitValue() != 0) {
                throw new IOException(String.join(" ", command) + ": " + Files.readString(err, StandardCharsets.UTF_8));
            }
            return Files.readString(out, StandardCharsets.UTF_8);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } finally {
            Files.delete(out);
            Files.delete(err);
        }
    }

    @Override
    public void close() throws IOException {
        for (var machine : machines()) {
            docker("rm", "-f", machine);
        }
        compose("down", "-v", "--remove-orphans");
    }
}
