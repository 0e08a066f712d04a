package ai.in10nt.stack;

import ai.in10nt.contracts.Json;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.kafka.common.Uuid;

/** The processes that a stack has, and what each is given. Secrets go into 0600 files, never on a command line or into an environment. */
final class Parts {
    static final String APP = "in10nt";
    static final String IMAGE = "in10nt/agent:local";
    static final List<String> DATABASES = List.of("gateway", "provisioner", "task", "log", "integration");

    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofMillis(500))
            .build();

    private final Settings settings;
    private final Home home;
    private final Postgres postgres;
    private final Programs programs;
    private final Path javaHome = Path.of(Objects.requireNonNull(System.getProperty("java.home")));

    Parts(Settings settings, Home home, Postgres postgres) {
        this.settings = settings;
        this.home = home;
        this.postgres = postgres;
        this.programs = new Programs(settings);
    }

    String kafka() {
        return "127.0.0.1:" + settings.kafkaPort();
    }

    String url(int port) {
        return "http://127.0.0.1:" + port;
    }

    Supervised.Definition postgres() {
        return new Supervised.Definition(
                "postgresql",
                "postgresql://127.0.0.1:" + settings.postgresPort(),
                postgres::command,
                Map.of(),
                postgres::isReady);
    }

    Supervised.Definition broker() {
        var properties = home.at("run/kafka.properties");
        Home.write(
                properties,
                BrokerSettings.COMMON
                        + """
                process.roles=broker,controller
                node.id=1
                controller.quorum.bootstrap.servers=127.0.0.1:%2$d
                controller.listener.names=CONTROLLER
                listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
                advertised.listeners=PLAINTEXT://127.0.0.1:%1$d,CONTROLLER://127.0.0.1:%2$d
                listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
                log.dirs=%3$s
                """.formatted(settings.kafkaPort(), settings.kafkaControllerPort(), home.at("kafka")));
        var clusterId = home.secret("run/kafka-cluster", () -> Uuid.randomUuid().toString());
        Supplier<List<String>> command = () ->
                programs.ofStack("kafka", "-Xmx160m", "ai.in10nt.stack.KafkaBroker", properties.toString(), clusterId);
        return new Supervised.Definition("kafka", kafka(), command, quietLog(), () -> Topics.areReachable(kafka()));
    }

    Supervised.Definition demoModel() {
        Supplier<List<String>> command = () -> programs.ofStack(
                "demo-model", "-Xmx96m", "ai.in10nt.demomodel.DemoModel", String.valueOf(settings.modelPort()));
        return new Supervised.Definition(
                "demo-model",
                url(settings.modelPort()),
                command,
                quietLog(),
                () -> answers(url(settings.modelPort()) + "/health"));
    }

    Supervised.Definition machinesLocal() {
        home.password("fly-token");
        var env = new TreeMap<String, String>(Map.of(
                "MACHINES_PORT", String.valueOf(settings.machinesPort()),
                "MACHINES_HOME", home.at("machines").toString(),
                "MACHINES_TOKEN_FILE", home.at("secrets/fly-token").toString(),
                "MACHINES_ADDRESSES", "127." + settings.addressBlock(),
                "MACHINES_JAVA", javaHome.toString(),
                "MACHINES_AGENT", agentLibrary().toString(),
                "MACHINES_OPENCODE",
                        settings.root()
                                .resolve("agent-server/opencode/node_modules/opencode-linux-x64/bin/opencode")
                                .toString(),
                "MACHINES_DRIVER", settings.isSandboxed() ? "sandbox" : "process"));
        Providers.localPort(settings).ifPresent(port -> env.put("MACHINES_MODEL_PORT", String.valueOf(port)));
        Supplier<List<String>> command = () -> programs.machinesLocal("-Xmx96m", "ai.in10nt.machines.MachinesLocal");
        return new Supervised.Definition(
                "machines-local",
                url(settings.machinesPort()),
                command,
                env,
                () -> answers(url(settings.machinesPort()) + "/health"));
    }

    /** A copy, so that a build doesn't pull the classes from under running machines. */
    private Path agentLibrary() {
        try {
            return Copies.of(settings.root().resolve("agent-server/target/lib"), home.at("image"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("the agent server's program", e);
        }
    }

    Supervised.Definition gateway(int replica) {
        int port = settings.gatewayPort(replica);
        var config = service("gateway", port);
        config.put(
                "gateway.keyset",
                home.keysFor("api-gateway", "agent-access.key", "provisioner-public.json", "integration-public.json")
                        .toString());
        config.put("gateway.preview-domain", "localhost");
        config.put("gateway.first-key", home.at("secrets/api-key").toString());
        config.put(
                "gateway.task-services",
                String.join(
                        ",",
                        IntStream.rangeClosed(1, settings.replicas())
                                .mapToObj(task -> url(settings.taskPort(task)))
                                .toList()));
        config.put(
                "gateway.log-services",
                String.join(
                        ",",
                        IntStream.rangeClosed(1, settings.replicas())
                                .mapToObj(log -> url(settings.logPort(log)))
                                .toList()));
        return quarkus("api-gateway", replica, port, "/health/ready", config);
    }

    Supervised.Definition provisioner(int replica) {
        int port = settings.provisionerPort(replica);
        var config = service("provisioner", port);
        var providers = home.at("run/providers.json");
        Home.write(providers, Json.text(Providers.of(settings)));
        config.put("provisioner.fly.url", url(settings.machinesPort()));
        config.put("provisioner.fly.app", APP);
        config.put("provisioner.fly.org", "personal");
        config.put("provisioner.fly.token", home.password("fly-token"));
        config.put("provisioner.fly.agent-url", "http://{private_ip}:3000");
        config.put("provisioner.image", IMAGE);
        config.put(
                "provisioner.keyset",
                home.keysFor("provisioner-service", "agent-access.key", "provisioner-private.json")
                        .toString());
        config.put("provisioner.providers", providers.toString());
        return quarkus("provisioner-service", replica, port, "/q/health/ready", config);
    }

    Supervised.Definition tasks(int replica) {
        int port = settings.taskPort(replica);
        var config = service("task", port);
        config.put(
                "tasks.keyset", home.keysFor("task-service", "agent-access.key").toString());
        return quarkus("task-service", replica, port, "/q/health/ready", config);
    }

    Supervised.Definition logs(int replica) {
        int port = settings.logPort(replica);
        var config = service("log", port);
        config.put(
                "logs.keyset", home.keysFor("log-service", "agent-access.key").toString());
        return quarkus("log-service", replica, port, "/q/health/ready", config);
    }

    Supervised.Definition integrations(int replica) {
        int port = settings.integrationPort(replica);
        var config = service("integration", port);
        config.put(
                "integrations.keyset",
                home.keysFor(
                                "integration-service",
                                "agent-access.key",
                                "integration-private.json",
                                "integration-wrapping.json")
                        .toString());
        return quarkus("integration-service", replica, port, "/q/health/ready", config);
    }

    /** Where there is one of each, it needs no number; what is added later has one. */
    private String nameOf(String module, int replica) {
        return settings.replicas() == 1 && replica == 1 ? module : module + "-" + replica;
    }

    private Map<String, String> service(String database, int port) {
        var config = new TreeMap<String, String>();
        config.put("quarkus.http.port", String.valueOf(port));
        config.put("kafka.bootstrap.servers", kafka());
        // People read these.
        config.put("quarkus.log.console.json.enabled", "false");
        config.put("quarkus.datasource.username", database);
        config.put("quarkus.datasource.password", home.password("postgres-" + database));
        config.put(
                "quarkus.datasource.reactive.url",
                "postgresql://127.0.0.1:" + settings.postgresPort() + "/" + database);
        config.put(
                "quarkus.datasource.jdbc.url",
                "jdbc:postgresql://127.0.0.1:" + settings.postgresPort() + "/" + database);
        return config;
    }

    private Supervised.Definition quarkus(
            String module, int replica, int port, String health, Map<String, String> config) {
        var name = nameOf(module, replica);
        var file = home.at("run/" + name + ".properties");
        var text = new StringBuilder();
        config.forEach((key, value) ->
                text.append(key).append('=').append(value.replace("\\", "\\\\")).append('\n'));
        Home.write(file, text.toString());
        var env = new TreeMap<String, String>(
                Map.of("SMALLRYE_CONFIG_LOCATIONS", file.toUri().toString()));
        if (settings.failPoints() != null) {
            env.put("IN10NT_FAILPOINTS", settings.failPoints().toString());
        }
        return new Supervised.Definition(
                name, url(port), () -> programs.service(module), env, () -> answers(url(port) + health));
    }

    private static Map<String, String> quietLog() {
        return Map.of("MALLOC_ARENA_MAX", "2");
    }

    static boolean answers(String url) {
        try {
            var request = HttpRequest.newBuilder(URI.create(url))
                    .timeout(Duration.ofSeconds(2))
                    .build();
            return HTTP.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
