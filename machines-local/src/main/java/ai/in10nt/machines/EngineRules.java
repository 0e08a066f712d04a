package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * The calls of the Docker Engine API that {@link DockerDriver} needs, and nothing that reaches beyond its own machines: what isn't named
 * here is refused. A machine gets no more than the driver gives it, whoever asks in its name.
 */
final class EngineRules {
    /** What the driver calls its containers. */
    private static final String MACHINE = "in10nt-[0-9a-f]{14}";

    private static final Pattern NAME = Pattern.compile(MACHINE + "(-walls)?");
    private static final Pattern NAMED = Pattern.compile("/containers/(" + MACHINE + "(?:-walls)?)(?=/|$)");
    private static final Pattern SELF = Pattern.compile("GET /containers/[0-9a-f]{12,64}/json");
    private static final List<Pattern> ALLOWED = List.of(
            Pattern.compile("(GET|HEAD) /_ping"),
            Pattern.compile("GET /version"),
            Pattern.compile("GET /containers/" + MACHINE + "(-walls)?/(json|logs|top)"),
            Pattern.compile("POST /containers/" + MACHINE + "(-walls)?/(start|kill|pause|unpause|wait|attach)"),
            Pattern.compile("DELETE /containers/" + MACHINE + "(-walls)?"),
            Pattern.compile("GET /exec/[0-9a-f]{64}/json"),
            Pattern.compile("POST /exec/[0-9a-f]{64}/start"));
    private static final Pattern ATTACH = Pattern.compile("POST /containers/" + MACHINE + "/attach");
    private static final Pattern EXEC = Pattern.compile("POST /containers/" + MACHINE + "/exec");
    static final String CREATE = "POST /containers/create";
    static final String PROJECT = "com.docker.compose.project";

    /** The engine reads names in any case, so what isn't spelled like this is another one. */
    private static final Set<String> CONTAINER_FIELDS = Set.of(
            "Image",
            "Hostname",
            "Entrypoint",
            "Cmd",
            "Env",
            "User",
            "WorkingDir",
            "Labels",
            "AttachStdin",
            "AttachStdout",
            "AttachStderr",
            "OpenStdin",
            "StdinOnce",
            "NetworkingConfig",
            "HostConfig");

    private static final Set<String> HOST_FIELDS = Set.of(
            "NetworkMode",
            "Memory",
            "MemorySwap",
            "NanoCpus",
            "PidsLimit",
            "OomScoreAdj",
            "CapDrop",
            "CapAdd",
            "SecurityOpt",
            "Tmpfs",
            "Binds",
            "LogConfig",
            "ReadonlyRootfs");
    private static final Set<String> LOG_FIELDS = Set.of("Type", "Config");
    private static final Set<String> NETWORKING_FIELDS = Set.of("EndpointsConfig");
    private static final Set<String> ENDPOINT_FIELDS = Set.of("IPAMConfig");
    /** The last is docker-java's own; the engine doesn't know it. */
    private static final Set<String> EXEC_FIELDS = Set.of("Cmd", "AttachStdout", "AttachStderr", "containerId");
    /** In the driver's own folder: the two programs that every machine begins with, and volumes. */
    private static final Pattern BIND = Pattern.compile(
            "/(lib/machine-(init|boot)\\.sh:/opt/in10nt/(init|boot):ro|volumes/vol_[0-9a-z]+(/workspace)?:/[^:]*:rw)");

    private final String network;

    /** @param network that of all machines; it is also their label */
    EngineRules(String network) {
        this.network = network;
    }

    /** Whether somebody wants to see a container that is no machine, by its id: the driver looks at its own. */
    static boolean isLook(EngineCall call) {
        return SELF.matcher(call.toString()).matches();
    }

    /** The machine, or what puts up its walls, that a call is about. */
    static Optional<String> named(EngineCall call) {
        var named = NAMED.matcher(call.path());
        return named.lookingAt() ? Optional.of(named.group(1)) : Optional.empty();
    }

    /** Two stacks may share an engine. */
    boolean isOurs(JsonNode labels) {
        return labels.path(DockerDriver.NETWORK_LABEL).asText().equals(network);
    }

    static boolean isDriverOf(String project, JsonNode labels) {
        return !project.isEmpty()
                && labels.path(PROJECT).asText().equals(project)
                && labels.path("com.docker.compose.service").asText().equals("machines-local");
    }

    /**
     * Why the call isn't made; empty: it is.
     *
     * @param folder the driver's, as the engine's host calls it, for a creation; absent: not known yet
     */
    Optional<String> refusal(EngineCall call, @Nullable String folder) {
        var name = call.toString();
        if (call.isUpgrade() && !ATTACH.matcher(name).matches()) {
            return Optional.of(name + " has no other protocol");
        }
        if (EXEC.matcher(name).matches()) {
            return refusalOfExec(call.body());
        }
        if (ALLOWED.stream().anyMatch(allowed -> allowed.matcher(name).matches())) {
            return Optional.empty();
        }
        return switch (name) {
            case "GET /events", "GET /containers/json" ->
                isOfNetwork(call.query().get("filters"))
                        ? Optional.empty()
                        : Optional.of(name + " is for " + DockerDriver.NETWORK_LABEL + "=" + network);
            case "POST /images/create" ->
                call.query().containsKey("fromImage") && !call.query().containsKey("fromSrc")
                        ? Optional.empty()
                        : Optional.of("images are pulled, by fromImage");
            case CREATE ->
                folder == null
                        ? Optional.of("no machines-local of this project is there yet")
                        : refusalOfContainer(call.query().getOrDefault("name", ""), call.body(), folder);
            default -> Optional.of("machines don't need " + name);
        };
    }

    private boolean isOfNetwork(@Nullable String filters) {
        return filters != null
                && texts(read(filters.getBytes(StandardCharsets.UTF_8)).path("label"))
                        .contains(DockerDriver.NETWORK_LABEL + "=" + network);
    }

    private Optional<String> refusalOfContainer(String name, byte[] body, String folder) {
        if (!NAME.matcher(name).matches()) {
            return Optional.of("a container's name is to be " + NAME);
        }
        var container = read(body);
        var host = container.path("HostConfig");
        var wrong = new ArrayList<String>();
        others(container, CONTAINER_FIELDS).forEach(field -> wrong.add(field + " isn't for machines"));
        others(host, HOST_FIELDS).forEach(field -> wrong.add("HostConfig." + field + " isn't for machines"));
        if (!isOurs(container.path("Labels"))) {
            wrong.add("Labels: " + DockerDriver.NETWORK_LABEL + " is to be " + network);
        }
        container.path("Labels").fieldNames().forEachRemaining(label -> {
            if (!label.startsWith("ai.in10nt.")) {
                wrong.add("Labels: " + label + " isn't ours");
            }
        });
        if (!texts(host.path("CapDrop")).equals(Set.of("ALL"))) {
            wrong.add("HostConfig.CapDrop is to be ALL");
        }
        if (!texts(host.path("SecurityOpt")).equals(Set.of("no-new-privileges:true"))) {
            wrong.add("HostConfig.SecurityOpt is to be no-new-privileges:true");
        }
        others(host.path("LogConfig"), LOG_FIELDS)
                .forEach(field -> wrong.add("HostConfig.LogConfig." + field + " isn't known"));
        if (!Set.of("", "json-file")
                .contains(host.path("LogConfig").path("Type").asText())) {
            wrong.add("HostConfig.LogConfig is to be json-file");
        }
        if (name.endsWith("-walls")) {
            walls(name, host, wrong);
        } else {
            machine(container, host, folder, wrong);
        }
        return wrong.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", wrong));
    }

    /** It has one capability more than its machine, and nothing else of it than its network. */
    private static void walls(String name, JsonNode host, List<String> wrong) {
        var mode = "container:" + name.substring(0, name.length() - "-walls".length());
        if (!host.path("NetworkMode").asText().equals(mode)) {
            wrong.add("HostConfig.NetworkMode is to be " + mode);
        }
        if (!Set.of("NET_ADMIN").containsAll(texts(host.path("CapAdd")))) {
            wrong.add("HostConfig.CapAdd may be NET_ADMIN");
        }
        if (!isNothing(host.path("Binds"))) {
            wrong.add("HostConfig.Binds isn't for walls");
        }
    }

    private void machine(JsonNode container, JsonNode host, String folder, List<String> wrong) {
        if (!host.path("NetworkMode").asText().equals(network)) {
            wrong.add("HostConfig.NetworkMode is to be " + network);
        }
        var networking = container.path("NetworkingConfig");
        others(networking, NETWORKING_FIELDS).forEach(field -> wrong.add("NetworkingConfig." + field));
        networking.path("EndpointsConfig").properties().forEach(endpoint -> {
            if (!endpoint.getKey().equals(network)) {
                wrong.add("NetworkingConfig: " + endpoint.getKey() + " isn't the machines'");
            }
            others(endpoint.getValue(), ENDPOINT_FIELDS)
                    .forEach(field -> wrong.add("NetworkingConfig: " + field + " isn't for machines"));
        });
        if (!capabilities().containsAll(texts(host.path("CapAdd")))) {
            wrong.add("HostConfig.CapAdd may be " + capabilities());
        }
        for (var limit : List.of("Memory", "NanoCpus", "PidsLimit")) {
            if (host.path(limit).asLong() <= 0) {
                wrong.add("HostConfig." + limit + " is to be a limit");
            }
        }
        for (var bind : texts(host.path("Binds"))) {
            if (!bind.startsWith(folder)
                    || !BIND.matcher(bind.substring(folder.length())).matches()) {
                wrong.add("HostConfig.Binds: " + bind + " isn't of a machine");
            }
        }
    }

    private static Set<String> capabilities() {
        return Bundle.CAPABILITIES.stream()
                .map(name -> name.substring("CAP_".length()))
                .collect(Collectors.toSet());
    }

    private static Optional<String> refusalOfExec(byte[] body) {
        var others = others(read(body), EXEC_FIELDS);
        return others.isEmpty() ? Optional.empty() : Optional.of(others + " aren't for machines");
    }

    /**
     * What is made of a call that isn't refused. The engine takes a field for another whose name differs in case, also where it is null, and
     * puts one that is there twice together: so it gets those that were checked, and no other.
     */
    static EngineCall passed(EngineCall call) {
        if (EXEC.matcher(call.toString()).matches()) {
            return call.with(Json.bytes(object(read(call.body())).retain(EXEC_FIELDS)));
        }
        if (!call.toString().equals(CREATE)) {
            return call;
        }
        var container = object(read(call.body())).retain(CONTAINER_FIELDS);
        var host = object(container.path("HostConfig")).retain(HOST_FIELDS);
        if (host.path("LogConfig") instanceof ObjectNode log) {
            log.retain(LOG_FIELDS);
        }
        if (container.path("NetworkingConfig") instanceof ObjectNode networking) {
            networking.retain(NETWORKING_FIELDS).path("EndpointsConfig").forEach(endpoint -> {
                if (endpoint instanceof ObjectNode known) {
                    known.retain(ENDPOINT_FIELDS);
                }
            });
        }
        return call.with(Json.bytes(container));
    }

    private static ObjectNode object(JsonNode node) {
        return node instanceof ObjectNode object ? object : Json.MAPPER.createObjectNode();
    }

    private static JsonNode read(byte[] body) {
        try {
            return Json.MAPPER
                    .reader()
                    .with(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .readTree(body);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Fields with a value, beside these. */
    private static List<String> others(JsonNode object, Set<String> known) {
        return object.properties().stream()
                .filter(field -> !known.contains(field.getKey()) && !isNothing(field.getValue()))
                .map(Map.Entry::getKey)
                .toList();
    }

    private static boolean isNothing(JsonNode value) {
        return value.isNull()
                || value.isMissingNode()
                || (value.isContainerNode() && value.isEmpty())
                || (value.isTextual() && value.asText().isEmpty())
                || (value.isBoolean() && !value.asBoolean())
                || (value.isNumber() && value.asDouble() == 0);
    }

    private static Set<String> texts(JsonNode list) {
        return StreamSupport.stream(list.spliterator(), false)
                .map(JsonNode::asText)
                .collect(Collectors.toSet());
    }
}
