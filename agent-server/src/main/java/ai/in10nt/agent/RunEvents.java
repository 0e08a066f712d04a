package ai.in10nt.agent;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Optional;

/** The stream of one run: text as it is written, tool calls, state. Made from OpenCode's events; its noise is dropped. */
final class RunEvents {
    private RunEvents() {}

    static Optional<ObjectNode> of(JsonNode event) {
        var properties = event.path("properties");
        return switch (event.path("type").asText()) {
            case "message.part.delta" ->
                properties.path("field").asText().equals("text")
                        ? Optional.of(text(properties.path("delta").asText()))
                        : Optional.empty();
            case "message.part.updated" -> tool(properties.path("part"));
            default -> Optional.empty();
        };
    }

    private static Optional<ObjectNode> tool(JsonNode part) {
        var status = part.path("state").path("status").asText();
        if (!part.path("type").asText().equals("tool") || status.equals("pending")) {
            return Optional.empty();
        }
        var tool = event("tool")
                .put("tool", part.path("tool").asText())
                .put("callId", part.path("callID").asText())
                .put("status", status);
        tool.set("input", part.path("state").path("input"));
        if (part.path("state").has("output")) {
            tool.put("output", part.path("state").path("output").asText());
        }
        return Optional.of(tool);
    }

    static ObjectNode text(String text) {
        return event("text").put("text", text);
    }

    /** The run told more than is kept. */
    static ObjectNode truncated() {
        return event("truncated");
    }

    private static ObjectNode event(String type) {
        return Json.MAPPER.createObjectNode().put("type", type);
    }
}
