package ai.in10nt.chaos;

import static ai.in10nt.chaos.Docker.docker;

import ai.in10nt.stories.Client;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A stack of containers on this machine, as {@code docker-compose up -d} started it: one of each service. */
public final class ContainerInstallation implements Installation {
    /** Who may read all topics. */
    private static final String SERVICES = "in10nt";

    private final Map<String, String> containers;
    private final String url;
    private final String key;
    private final String flyToken;
    private final String machinesNetwork;
    private @Nullable Map<String, Object> kafka;

    /** @param project as Compose calls it */
    public ContainerInstallation(String project) {
        this.containers = docker(
                        "ps",
                        "-a",
                        "--filter",
                        "label=com.docker.compose.project=" + project,
                        "--filter",
                        "label=com.docker.compose.oneoff=False",
                        "--format",
                        "{{.Label \"com.docker.compose.service\"}} {{.ID}}")
                .lines()
                .map(line -> line.split(" ", -1))
                .collect(Collectors.toMap(words -> words[0], words -> words[1]));
        this.url = "http://" + published("api-gateway", "8080/tcp");
        this.key = inside("api-gateway", "/run/in10nt/api-key");
        this.flyToken = inside("machines-local", "/run/in10nt/fly-token");
        this.machinesNetwork = inspect("machines-local", "{{range .Config.Env}}{{println .}}{{end}}")
                .lines()
                .filter(line -> line.startsWith("MACHINES_NETWORK="))
                .findFirst()
                .orElseThrow()
                .replaceFirst(".*=", "");
    }

    /** Of a service. */
    public String container(String service) {
        var container = containers.get(service);
        if (container == null) {
            throw new IllegalArgumentException("no container of " + service + "; there are " + containers.keySet());
        }
        return container;
    }

    /** A file that only this container has. */
    public String inside(String service, String file) {
        return docker("exec", container(service), "cat", file);
    }

    private String inspect(String service, String format) {
        return docker("inspect", "-f", format, container(service));
    }

    @Override
    public String url(int replica) {
        return url;
    }

    private String published(String service, String port) {
        return inspect(
                service,
                "{{with (index (index .HostConfig.PortBindings \"" + port + "\") 0)}}{{.HostIp}}:{{.HostPort}}{{end}}");
    }

    @Override
    public int replicas() {
        return 1;
    }

    @Override
    public String key() {
        return key;
    }

    @Override
    public Client fly() {
        return new Client("http://" + address("machines-local") + ":8080", flyToken);
    }

    @Override
    public Client model() {
        return new Client("http://" + address("demo-model") + ":8080", "");
    }

    private String address(String service) {
        var address = inspect(service, "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}");
        if (address.isEmpty()) {
            throw new UncheckedIOException(new IOException(service + " is down"));
        }
        return address.split(" ", -1)[0];
    }

    /**
     * Outsiders read events alone, so the services' user gets a password by which it may come from outside; within its container the broker
     * takes anybody's word.
     */
    @Override
    public synchronized Map<String, Object> kafka() {
        if (kafka == null) {
            var password = UUID.randomUUID().toString();
            var _ = docker(
                    "exec",
                    "-e",
                    "KAFKA_HEAP_OPTS=-Xmx96m",
                    container("kafka"),
                    "/opt/kafka/bin/kafka-configs.sh",
                    "--bootstrap-server",
                    "127.0.0.1:9091",
                    "--alter",
                    "--entity-type",
                    "users",
                    "--entity-name",
                    SERVICES,
                    "--add-config",
                    "SCRAM-SHA-512=[password=" + password + "]");
            kafka = Map.of(
                    "bootstrap.servers",
                    published("kafka", "9094/tcp"),
                    "security.protocol",
                    "SASL_PLAINTEXT",
                    "sasl.mechanism",
                    "SCRAM-SHA-512",
                    "sasl.jaas.config",
                    "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"" + SERVICES
                            + "\" password=\"" + password + "\";");
        }
        return kafka;
    }

    @Override
    public List<String> services() {
        return containers.keySet().stream()
                .filter(name -> name.equals("api-gateway") || name.endsWith("-service"))
                .sorted()
                .toList();
    }

    @Override
    public List<String> basis() {
        return List.of("kafka", "postgres", "machines-local", "engine-guard");
    }

    @Override
    public Optional<ProcessHandle> process(String name) {
        long pid = Long.parseLong(inspect(name, "{{.State.Pid}}"));
        return pid == 0 ? Optional.empty() : ProcessHandle.of(pid);
    }

    /** {@code kill -9} of its main program, from outside; the engine starts it again. What Docker is told to kill stays down. */
    public void kill(String service) {
        var victim = process(service).orElseThrow();
        victim.destroyForcibly();
        Wait.until(
                () -> process(service).filter(now -> now.pid() != victim.pid()).isPresent());
    }

    /** Those that are machines. */
    public List<String> machines() {
        return labelled("{{if .Label \"ai.in10nt.machine\"}}{{.ID}}{{end}}").toList();
    }

    /** Of machines, and what puts up their walls. */
    private Stream<String> labelled(String format) {
        return docker("ps", "-a", "--filter", "label=ai.in10nt.network=" + machinesNetwork, "--format", format)
                .lines()
                .filter(line -> !line.isEmpty());
    }

    /** All of this stack. */
    public List<String> all() {
        var all = new ArrayList<>(containers.values());
        all.addAll(machines());
        return List.copyOf(all);
    }

    @Override
    public Set<String> ofNoMachine(Set<String> machines) {
        return labelled("{{.Label \"ai.in10nt.machine\"}}{{.Label \"ai.in10nt.walls-of\"}} {{.Status}}")
                .filter(line -> machines.stream().noneMatch(line::startsWith))
                .collect(Collectors.toSet());
    }
}
