package ai.in10nt.agent;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.TaskCommand.HttpTool;
import ai.in10nt.contracts.TaskCommand.McpServer;
import ai.in10nt.contracts.TaskCommand.RunOptions;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tools that a run brings along: MCP servers, which OpenCode is told of for as long as the run takes, and HTTP tools, which it
 * finds at one MCP server more, {@link HttpTools}.
 */
final class BroughtTools {
    /** What HTTP tools are under: OpenCode calls a tool {@code <server>_<tool>}. */
    static final String HTTP = "http";

    private final AgentConfig config;
    private final Variables variables;
    private final Masks masks;

    BroughtTools(AgentConfig config) {
        this.config = config;
        this.variables = new Variables(config);
        this.masks = new Masks(config);
    }

    /** Tells OpenCode of them, again if need be: it forgets them when it dies. A failure: one can't be used. */
    Optional<Failure> connect(OpenCode openCode, RunOptions options) {
        var servers = new LinkedHashMap<String, Map<String, Object>>();
        if (!options.autoTools()) {
            return Optional.empty();
        }
        try {
            for (var server : servers(options)) {
                servers.put(
                        server.name(),
                        Map.of(
                                "type",
                                "remote",
                                "url",
                                variables.in(server.url()),
                                "headers",
                                variables.in(server.headers()),
                                "oauth",
                                false));
            }
            for (var tool : httpTools(options)) {
                variables.in(tool.url());
                variables.in(tool.headers());
            }
        } catch (Variables.Unknown unknown) {
            return Optional.of(new Failure("unknown_variable", "tools: " + unknown.getMessage()));
        }
        if (!httpTools(options).isEmpty()) {
            servers.put(
                    HTTP,
                    Map.of(
                            "type",
                            "remote",
                            "url",
                            "http://127.0.0.1:" + config.proxyPort() + HttpTools.PATH,
                            "oauth",
                            false));
        }
        for (var server : servers.entrySet()) {
            var reason = add(openCode, server.getKey(), server.getValue());
            if (reason.isPresent()) {
                return Optional.of(new Failure("tool_unavailable", "tools: " + server.getKey() + ": " + reason.get()));
            }
        }
        return Optional.empty();
    }

    /** Why it can't be used; empty: it is connected. */
    private Optional<String> add(OpenCode openCode, String name, Map<String, Object> server) {
        JsonNode answer;
        try {
            answer = openCode.addMcpServer(name, server);
        } catch (OpenCode.Unavailable away) {
            if (openCode.isHealthy()) {
                // It is the server that OpenCode still waits for.
                return Optional.of("doesn't answer");
            }
            throw away;
        }
        var status = answer.path("status").asText();
        if (status.equals("connected")) {
            return Optional.empty();
        }
        var error = answer.path("error").asText();
        return Optional.of(masks.in(error.isBlank() ? status : error));
    }

    /** What one run brought isn't there in the next. */
    static void disconnect(OpenCode openCode, RunOptions options) {
        prefixes(options).forEach(openCode::disconnectMcpServer);
    }

    /** The names that their tools are under. */
    static List<String> prefixes(RunOptions options) {
        var names = new ArrayList<String>();
        servers(options).forEach(server -> names.add(server.name()));
        if (!httpTools(options).isEmpty()) {
            names.add(HTTP);
        }
        return names;
    }

    static List<McpServer> servers(RunOptions options) {
        return options.mcpServers() == null ? List.of() : options.mcpServers();
    }

    static List<HttpTool> httpTools(RunOptions options) {
        return options.httpTools() == null ? List.of() : options.httpTools();
    }
}
