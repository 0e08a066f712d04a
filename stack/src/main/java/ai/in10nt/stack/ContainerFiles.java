package ai.in10nt.stack;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Writes what each container is given into its own volume: readable by its user alone. One at a time: who starts the stack and who
 * rotates keys may come together.
 */
final class ContainerFiles {
    /** The users of our images, of {@code apache/kafka}, and of machines-local. */
    private static final int IN10NT = 10001;

    private static final int KAFKA = 1000;
    private static final int ROOT = 0;
    private static final Path INSIDE = Path.of("/run/in10nt");

    private final Home home;
    private final Path config;
    private final Map<String, String> env;

    ContainerFiles(Home home, Path config, Map<String, String> env) {
        this.home = home;
        this.config = config;
        this.env = env;
    }

    void write(String providers) {
        alone(() -> writeAll(providers));
    }

    /** A key that was replaced, to all that have been given it. */
    void hand(String key) {
        alone(() -> {
            try (var containers = Files.list(config)) {
                for (var container : containers.toList()) {
                    if (Files.exists(container.resolve("keys/" + key))) {
                        put(container.getFileName().toString(), "keys/" + key, key(key), IN10NT);
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    private void alone(Runnable action) {
        try (var file = FileChannel.open(home.at("run/handing"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var _ = file.lock()) {
            action.run();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String key(String name) {
        return home.secret("keys/" + name, () -> "");
    }

    private void writeAll(String providers) {
        put("kafka", "server.properties", broker(), KAFKA);
        for (var database : Parts.DATABASES) {
            // Its init scripts run as whoever the image's PostgreSQL is; nobody else has this volume.
            open(put("postgres", database, home.password("postgres-" + database), ROOT));
        }
        put("traces", "kafka.properties", events(), IN10NT);
        put("machines-local", "fly-token", home.password("fly-token"), ROOT);
        gateway();
        provisioner(providers);
        service("task-service", "task", "tasks", Map.of(), "agent-access.key");
        service("log-service", "log", "logs", Map.of(), "agent-access.key");
        service(
                "integration-service",
                "integration",
                "integrations",
                Map.of(),
                "agent-access.key",
                "integration-private.json",
                "integration-wrapping.json");
    }

    /** As outsiders read, from within the network. */
    private String events() {
        return """
                bootstrap.servers=kafka:9092
                security.protocol=SASL_PLAINTEXT
                sasl.mechanism=SCRAM-SHA-512
                sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required username="%s" password="%s";
                """.formatted(KafkaAccess.READER, home.password("kafka-events"));
    }

    private void gateway() {
        put("api-gateway", "api-key", home.secret("secrets/api-key", () -> ""), IN10NT);
        service(
                "api-gateway",
                "gateway",
                "gateway",
                Map.of(
                        "gateway.preview-domain",
                        env.getOrDefault("IN10NT_PREVIEW_DOMAIN", "localhost"),
                        "gateway.first-key",
                        INSIDE.resolve("api-key").toString(),
                        "gateway.task-services",
                        "http://task-service:8080",
                        "gateway.log-services",
                        "http://log-service:8080"),
                "agent-access.key",
                "provisioner-public.json",
                "integration-public.json");
    }

    private void provisioner(String providers) {
        var known = Json.read(providers, JsonNode.class);
        put("provisioner-service", "providers.json", known.isEmpty() ? demoModel() : providers, IN10NT);
        service(
                "provisioner-service",
                "provisioner",
                "provisioner",
                Map.of(
                        "provisioner.fly.url",
                        "http://machines-local:8080",
                        "provisioner.fly.app",
                        Parts.APP,
                        "provisioner.fly.org",
                        "personal",
                        "provisioner.fly.token",
                        home.password("fly-token"),
                        "provisioner.fly.agent-url",
                        "http://{private_ip}:10310",
                        "provisioner.image",
                        env.getOrDefault("IN10NT_AGENT_IMAGE", Parts.IMAGE),
                        "provisioner.providers",
                        INSIDE.resolve("providers.json").toString()),
                "agent-access.key",
                "provisioner-private.json");
    }

    private static String demoModel() {
        return Json.text(Map.of("openrouter", Providers.demoModel("http://demo-model:8080/v1")));
    }

    private void service(String name, String database, String prefix, Map<String, String> more, String... keys) {
        for (var key : keys) {
            put(name, "keys/" + key, key(key), IN10NT);
        }
        var properties = new TreeMap<>(more);
        properties.put(prefix + ".keyset", INSIDE.resolve("keys").toString());
        properties.put("kafka.bootstrap.servers", "kafka:9092");
        properties.put("kafka.security.protocol", "SASL_PLAINTEXT");
        properties.put("kafka.sasl.mechanism", "PLAIN");
        properties.put("kafka.sasl.jaas.config", KafkaAccess.jaas(home));
        properties.put("quarkus.datasource.username", database);
        properties.put("quarkus.datasource.password", home.password("postgres-" + database));
        properties.put("quarkus.datasource.reactive.url", "postgresql://postgres:5432/" + database);
        properties.put("quarkus.datasource.jdbc.url", "jdbc:postgresql://postgres:5432/" + database);
        var text = new StringBuilder();
        properties.forEach((key, value) ->
                text.append(key).append('=').append(value.replace("\\", "\\\\")).append('\n'));
        put(name, "application.properties", text.toString(), IN10NT);
    }

    /** Anonymous is whoever is within the broker's own container; from elsewhere everybody says who he is. */
    private String broker() {
        return BrokerSettings.COMMON
                + """
                process.roles=broker,controller
                node.id=1
                controller.quorum.voters=1@127.0.0.1:9093
                controller.listener.names=CONTROLLER
                inter.broker.listener.name=BROKER
                listeners=BROKER://127.0.0.1:9091,INTERNAL://0.0.0.0:9092,CONTROLLER://127.0.0.1:9093,EXTERNAL://0.0.0.0:9094
                advertised.listeners=BROKER://127.0.0.1:9091,INTERNAL://kafka:9092,EXTERNAL://127.0.0.1:%1$s
                listener.security.protocol.map=BROKER:PLAINTEXT,INTERNAL:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT,EXTERNAL:SASL_PLAINTEXT
                sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
                listener.name.internal.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
                listener.name.internal.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
                listener.name.internal.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_%2$s="%3$s";
                listener.name.external.sasl.enabled.mechanisms=SCRAM-SHA-512
                listener.name.external.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
                authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
                super.users=User:%2$s;User:ANONYMOUS
                allow.everyone.if.no.acl.found=false
                log.dirs=/var/lib/kafka/data
                """.formatted(
                                env.getOrDefault("IN10NT_KAFKA_PORT", "9094"),
                                KafkaAccess.SERVICES,
                                home.password("kafka-services"));
    }

    /** Whoever reads it meanwhile sees the old or the new one, and may read either. */
    private Path put(String container, String name, String content, int owner) {
        var file = config.resolve(container).resolve(name);
        var draft = file.resolveSibling("." + file.getFileName() + ".given");
        try {
            Files.createDirectories(file.getParent());
            Home.write(draft, content);
            Files.setPosixFilePermissions(draft, PosixFilePermissions.fromString("r--------"));
            for (var path : List.of(draft, file.getParent(), config.resolve(container))) {
                Files.setAttribute(path, "unix:uid", owner, LinkOption.NOFOLLOW_LINKS);
                Files.setAttribute(path, "unix:gid", owner, LinkOption.NOFOLLOW_LINKS);
            }
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return file;
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }

    private static void open(Path file) {
        try {
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("r--r--r--"));
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
    }
}
