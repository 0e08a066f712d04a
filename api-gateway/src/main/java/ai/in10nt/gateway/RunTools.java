package ai.in10nt.gateway;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.TaskCommand.HttpTool;
import ai.in10nt.contracts.TaskCommand.McpServer;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The tools of a run: names of the agent's own, and those that the run brings along. An object with {@code description} or
 * {@code parameters} is an HTTP tool, any other with a {@code url} an MCP server.
 *
 * <p>A run is a message that others may read, so it may not hold secrets: a header's value names a variable of the instance.
 *
 * @param names none: all
 */
record RunTools(List<String> names, List<McpServer> mcpServers, List<HttpTool> httpTools) {
    /** The prefix of HTTP tools, as an MCP server's name is of its tools. */
    private static final String OURS = "http";

    private static final int MOST = 128;
    private static final int MAX_BYTES = 256 * 1024;
    private static final int MAX_URL = 2048;
    private static final Pattern AGENTS_OWN = Pattern.compile("!?[A-Za-z0-9_.-]{1,128}");
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9_-]{1,48}");
    private static final Pattern HEADER = Pattern.compile("[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}");
    private static final Pattern VALUE = Pattern.compile("[\\x20-\\x7e]{1,1024}");
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{[A-Za-z_][A-Za-z0-9_]*}");
    /** Those that the connection, not the caller, decides about. */
    private static final Set<String> NOT_FOR_CALLERS =
            Set.of("host", "connection", "content-length", "content-type", "transfer-encoding", "upgrade", "expect");

    static RunTools from(Body body, String field) {
        var value = body.value(field);
        var tools = new RunTools(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        if (value.isEmpty()) {
            return tools;
        }
        if (!value.get().isArray() || value.get().size() > MOST) {
            body.wrong(field, "must be an array of at most " + MOST + " names and objects");
        } else if (Body.utf8(value.get().toString()) > MAX_BYTES) {
            body.wrong(field, "must have at most 256 KiB");
        } else {
            for (int i = 0; i < value.get().size(); i++) {
                tools.add(body, field + "[" + i + "]", value.get().get(i));
            }
            tools.refuseTwice(body, field);
        }
        return tools;
    }

    private void add(Body body, String at, JsonNode tool) {
        if (tool.isTextual() && AGENTS_OWN.matcher(tool.textValue()).matches()) {
            names.add(tool.textValue());
        } else if (!tool.isObject()) {
            body.wrong(
                    at,
                    "must be a name like bash, or !bash to do without it, or an object: {name, url} for an MCP server, "
                            + "{name, description, parameters, url} for an HTTP tool");
        } else if (tool.hasNonNull("description") || tool.hasNonNull("parameters")) {
            httpTools.add(new HttpTool(
                    name(body, at, tool, ""),
                    description(body, at + ".description", tool.path("description")),
                    parameters(body, at + ".parameters", tool.path("parameters")),
                    url(body, at + ".url", tool.path("url")),
                    headers(body, at + ".headers", tool.path("headers"))));
        } else {
            var name = name(body, at, tool, "mcp" + (mcpServers.size() + 1));
            if (name.equals(OURS)) {
                body.wrong(at + ".name", "must not be " + OURS + ", which HTTP tools are under");
            }
            mcpServers.add(new McpServer(
                    name,
                    url(body, at + ".url", tool.path("url")),
                    headers(body, at + ".headers", tool.path("headers"))));
        }
    }

    private static String name(Body body, String at, JsonNode tool, String byDefault) {
        var name = tool.hasNonNull("name") ? tool.get("name").asText() : byDefault;
        if (!NAME.matcher(name).matches()) {
            body.wrong(at + ".name", "must be 1 to 48 letters, digits, _ and -");
        }
        return name;
    }

    private static String description(Body body, String at, JsonNode description) {
        var text = description.isTextual() ? description.textValue() : "";
        if (text.isBlank() || text.indexOf('\0') >= 0) {
            body.wrong(at, "is required: tells the model what the tool does; a string without NUL");
        }
        return text;
    }

    /** A JSON Schema; that of no arguments, where there is none. */
    private static JsonNode parameters(Body body, String at, JsonNode parameters) {
        var none = Json.MAPPER.createObjectNode().put("type", "object");
        none.putObject("properties");
        if (parameters.isMissingNode() || parameters.isNull()) {
            return none;
        }
        if (!parameters.isObject() || !parameters.path("type").asText().equals("object")) {
            body.wrong(at, "must be a JSON Schema with \"type\": \"object\"");
        }
        if (parameters.toString().contains("\\u0000")) {
            body.wrong(at, "must not contain NUL");
        }
        return parameters;
    }

    private static String url(Body body, String at, JsonNode url) {
        var text = url.isTextual() ? url.textValue() : "";
        try {
            // What a variable holds isn't known here.
            var parsed = new URI(VARIABLE.matcher(text).replaceAll("0"));
            boolean isWeb = "http".equals(parsed.getScheme()) || "https".equals(parsed.getScheme());
            if (!isWeb || parsed.getHost() == null || text.length() > MAX_URL) {
                body.wrong(at, "must be an http:// or https:// address, as seen from inside the instance");
            } else if (parsed.getRawUserInfo() != null) {
                body.wrong(at, "must not hold a password; use headers, with a variable of the instance: ${NAME}");
            }
        } catch (URISyntaxException e) {
            body.wrong(at, "must be an http:// or https:// address, as seen from inside the instance");
        }
        return text;
    }

    private static Map<String, String> headers(Body body, String at, JsonNode headers) {
        var checked = new LinkedHashMap<String, String>();
        if (headers.isMissingNode() || headers.isNull()) {
            return checked;
        }
        if (!headers.isObject() || headers.size() > 32) {
            body.wrong(at, "must be an object of at most 32 strings");
            return checked;
        }
        headers.properties().forEach(header -> {
            var name = header.getKey();
            var value = header.getValue().isTextual() ? header.getValue().textValue() : "";
            if (!HEADER.matcher(name).matches() || NOT_FOR_CALLERS.contains(name.toLowerCase(java.util.Locale.ROOT))) {
                body.wrong(at, "has a name that can't be sent");
            } else if (!VALUE.matcher(value).matches()
                    || !VARIABLE.matcher(value).find()) {
                body.wrong(
                        at + "." + name,
                        "must name a variable of the instance, e.g. \"Bearer ${NAME}\": a run is no place for a secret");
            }
            checked.put(name, value);
        });
        return checked;
    }

    private void refuseTwice(Body body, String field) {
        var seen = new HashSet<String>();
        mcpServers.stream()
                .map(McpServer::name)
                .filter(name -> !seen.add(name))
                .forEach(name -> body.wrong(field, "has two MCP servers of the name " + name));
        var tools = new HashSet<String>();
        httpTools.stream()
                .map(HttpTool::name)
                .filter(name -> !tools.add(name))
                .forEach(name -> body.wrong(field, "has two HTTP tools of the name " + name));
    }
}
