package ai.in10nt.bundles;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * An integration as data: what it is called, what it needs, whom to ask, and what becomes of it in the machine.
 *
 * @param name in exactly this case
 * @param variables in the order in which they are told
 * @param together optional ones that are given all or none
 * @param agentTypes that it works with
 * @param environment what the agent gets of its values; the values themselves, and what makes programs use them
 * @param mcpServers what the agent's MCP configuration gets: servers of the partner, whose tools the agent may call
 */
public record Bundle(
        String name,
        List<Variable> variables,
        Set<String> together,
        Set<String> agentTypes,
        List<Verification> verifications,
        Function<Map<String, String>, Map<String, String>> environment,
        List<McpServer> mcpServers) {

    /**
     * A server of the Model Context Protocol (streamable HTTP), asked from inside the instance. Its tools are called
     * {@code <name>_<tool>}.
     *
     * @param headers sent with each request; where {@code ${NAME}} stands, the agent puts in the variable of that name
     */
    public record McpServer(String name, String url, Map<String, String> headers) {
        public McpServer {
            headers = Map.copyOf(headers);
        }
    }

    private static final Set<String> ANY_AGENT = Set.of("opencode", "moltbot");

    public static Bundle of(String name, Verification verification, Variable... variables) {
        return new Bundle(
                name, List.of(variables), Set.of(), ANY_AGENT, List.of(verification), values -> values, List.of());
    }

    public Bundle onlyFor(String agentType) {
        return new Bundle(name, variables, together, Set.of(agentType), verifications, environment, mcpServers);
    }

    public Bundle alsoAsking(Verification another) {
        return new Bundle(
                name,
                variables,
                together,
                agentTypes,
                Stream.concat(verifications.stream(), Stream.of(another)).toList(),
                environment,
                mcpServers);
    }

    public Bundle together(String... names) {
        return new Bundle(name, variables, Set.of(names), agentTypes, verifications, environment, mcpServers);
    }

    /** With these variables more in the agent's environment. */
    public Bundle withEnvironment(Map<String, String> more) {
        Function<Map<String, String>, Map<String, String>> withMore = values -> {
            var all = new HashMap<>(values);
            all.putAll(more);
            return all;
        };
        return new Bundle(name, variables, together, agentTypes, verifications, withMore, mcpServers);
    }

    /** With this server in the agent's MCP configuration. */
    public Bundle withMcpServer(String server, String url, Map<String, String> headers) {
        return new Bundle(
                name,
                variables,
                together,
                agentTypes,
                verifications,
                environment,
                Stream.concat(mcpServers.stream(), Stream.of(new McpServer(server, url, headers)))
                        .toList());
    }

    public Optional<Variable> variable(String variable) {
        return variables.stream().filter(known -> known.name().equals(variable)).findFirst();
    }

    /** Names of the variables that are still needed. */
    public List<String> missing(Set<String> given) {
        var missing = new ArrayList<String>();
        boolean needsAllOfTheOptional = together.stream().anyMatch(given::contains);
        for (var variable : variables) {
            boolean isNeeded = variable.isRequired() || (needsAllOfTheOptional && together.contains(variable.name()));
            if (isNeeded && !given.contains(variable.name())) {
                missing.add(variable.name());
            }
        }
        return missing;
    }
}
