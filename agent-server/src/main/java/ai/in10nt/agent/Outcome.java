package ai.in10nt.agent;

import ai.in10nt.contracts.Failure;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/** What OpenCode's messages say about one run, when the session is idle. */
sealed interface Outcome {
    /** Nothing of it: the prompt was never taken, or its answer hasn't begun. */
    record NotBegun(boolean isPromptThere) implements Outcome {}

    record Completed(String response, List<String> tools) implements Outcome {}

    record Failed(Failure error, String response, List<String> tools) implements Outcome {}

    /** It was cut; no tool was at work, so the prompt can be given again. */
    record Interrupted() implements Outcome {}

    /** It was cut while a tool was at work: whether it took effect, nobody knows. */
    record Lost(List<String> tools) implements Outcome {}

    static Outcome of(JsonNode messages, String messageId) {
        boolean isPromptThere = false;
        var answers = new ArrayList<JsonNode>();
        for (var message : messages) {
            var info = message.path("info");
            if (info.path("id").asText().equals(messageId)) {
                isPromptThere = true;
            }
            if (info.path("role").asText().equals("assistant")
                    && info.path("parentID").asText().equals(messageId)) {
                answers.add(message);
            }
        }
        if (answers.isEmpty()) {
            return new NotBegun(isPromptThere);
        }
        var tools = toolsOf(answers);
        var last = answers.getLast();
        var info = last.path("info");
        if (info.hasNonNull("error")) {
            return new Failed(failure(info.get("error")), textOf(last), tools);
        }
        boolean isDone = info.path("time").hasNonNull("completed")
                && info.hasNonNull("finish")
                && !info.path("finish").asText().equals("tool-calls");
        if (isDone) {
            return new Completed(responseOf(answers), tools);
        }
        return isToolAtWork(answers) ? new Lost(tools) : new Interrupted();
    }

    /** How many of the agent's messages answer this prompt. */
    static int answers(JsonNode messages, String messageId) {
        int count = 0;
        for (var message : messages) {
            var info = message.path("info");
            if (info.path("role").asText().equals("assistant")
                    && info.path("parentID").asText().equals(messageId)) {
                count++;
            }
        }
        return count;
    }

    private static boolean isToolAtWork(List<JsonNode> answers) {
        for (var answer : answers) {
            for (var part : answer.path("parts")) {
                var status = part.path("state").path("status").asText();
                if (part.path("type").asText().equals("tool")
                        && (status.equals("running") || status.equals("pending"))) {
                    return true;
                }
            }
        }
        return false;
    }

    /** The last step's text; where that is empty, the last one that has any. */
    private static String responseOf(List<JsonNode> answers) {
        for (var answer : answers.reversed()) {
            var text = textOf(answer);
            if (!text.isBlank()) {
                return text;
            }
        }
        return "";
    }

    private static String textOf(JsonNode message) {
        var texts = new ArrayList<String>();
        for (var part : message.path("parts")) {
            if (part.path("type").asText().equals("text")
                    && !part.path("synthetic").asBoolean()) {
                texts.add(part.path("text").asText());
            }
        }
        return String.join("\n\n", texts).strip();
    }

    private static List<String> toolsOf(List<JsonNode> answers) {
        var tools = new LinkedHashSet<String>();
        for (var answer : answers) {
            for (var part : answer.path("parts")) {
                if (part.path("type").asText().equals("tool")) {
                    tools.add(part.path("tool").asText());
                }
            }
        }
        return List.copyOf(tools);
    }

    /** OpenCode's error, as a word of ours and a sentence. */
    static Failure failure(JsonNode error) {
        var name = error.path("name").asText();
        var data = error.path("data");
        var message = data.path("message").asText(name);
        var code = switch (name) {
            case "ContextOverflowError" -> "context_overflow";
            case "MessageAbortedError" -> "aborted";
            case "APIError" -> providerCode(data.path("statusCode").asInt());
            default -> "agent_error";
        };
        return new Failure(code, message.isBlank() ? name : message);
    }

    private static String providerCode(int status) {
        return switch (status) {
            case 401, 403 -> "provider_auth";
            case 402 -> "provider_payment";
            case 404 -> "model_not_found";
            case 429 -> "provider_rate_limited";
            default -> "provider_error";
        };
    }
}
