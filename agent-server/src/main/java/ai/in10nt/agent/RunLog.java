package ai.in10nt.agent;

import ai.in10nt.contracts.AgentRun;
import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashSet;
import java.util.Set;

/** One run in the log: what the agent says, line by line, and what it calls. */
final class RunLog {
    private static final String SOURCE = "run";

    private final LogBook log;
    private final String taskId;
    private final StringBuilder text = new StringBuilder();
    private final Set<String> called = new HashSet<>();

    RunLog(LogBook log, String taskId) {
        this.log = log;
        this.taskId = taskId;
        log.add("system", SOURCE, taskId, "the run begins");
    }

    /** An event of the run's stream. */
    void add(JsonNode event) {
        switch (event.path("type").asText()) {
            case "text" -> say(event.path("text").asText());
            case "tool" -> tool(event);
            default -> {}
        }
    }

    private void say(String words) {
        text.append(words);
        int end = text.lastIndexOf("\n");
        if (end >= 0) {
            log.add("agent", SOURCE, taskId, text.substring(0, end));
            text.delete(0, end + 1);
        }
    }

    private void tool(JsonNode event) {
        rest();
        var tool = event.path("tool").asText();
        if (called.add(event.path("callId").asText())) {
            log.add("tool", SOURCE, taskId, tool + " " + Json.text(event.path("input")));
        }
        switch (event.path("status").asText()) {
            case "completed" -> output("tool", tool, event.path("output").asText());
            case "error" -> output("error", tool, event.path("error").asText("it failed"));
            default -> {}
        }
    }

    private void output(String type, String tool, String output) {
        if (!output.isBlank()) {
            log.add(type, SOURCE, taskId, tool + " → " + output.stripTrailing());
        }
    }

    private void rest() {
        if (!text.isEmpty()) {
            log.add("agent", SOURCE, taskId, text.toString());
            text.setLength(0);
        }
    }

    void end(AgentRun.Report report) {
        rest();
        if (report.error() == null) {
            log.add("system", SOURCE, taskId, "the run is " + report.state().text());
        } else {
            log.add(
                    "error",
                    SOURCE,
                    taskId,
                    report.error().code() + ": " + report.error().detail());
        }
    }
}
