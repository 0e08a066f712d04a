package ai.in10nt.demomodel;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * The rules: what the demo model understands of a conversation, and what it answers. A pure function of the request. The page for
 * users is {@code docs/demo-model.md}.
 */
final class Script {
    /** What the model does next. */
    sealed interface Step {
        record Say(String text, Duration delay) implements Step {}

        record Call(String text, String tool, ObjectNode arguments, Duration delay) implements Step {}

        /** As a provider fails. */
        record Fail(int status, String message) implements Step {}

        /** The stream breaks off in the middle of a word. */
        record Cut() implements Step {}
    }

    private static final int FLAGS = Pattern.CASE_INSENSITIVE | Pattern.DOTALL;
    private static final Pattern REMEMBER = Pattern.compile(
            "remember\\s+(?:the\\s+|this\\s+)?(?:word|name|number|code)?\\s*:?\\s*[`\"']?([\\w-]+)[`\"']?", FLAGS);
    private static final Pattern RECALL = Pattern.compile(
            "(?:what|which)\\b.{0,60}\\b(?:remember|told you)|what\\s+was\\s+the\\s+(?:word|name|number|code)", FLAGS);
    private static final Pattern RECITE = Pattern.compile("what\\s+(?:have\\s+I|did\\s+I)\\s+(?:asked|ask)", FLAGS);
    private static final Pattern WAIT = Pattern.compile(
            "(?:wait|take|think\\s+for|sleep)\\s+(?:for\\s+)?(\\d{1,6})\\s*(ms|milliseconds?|s|seconds?)\\b", FLAGS);
    private static final Pattern FAIL =
            Pattern.compile("\\bfail\\s+(?:with\\s+)?(?:status\\s+|http\\s+)?([45]\\d\\d)\\b", FLAGS);
    private static final Pattern CUT = Pattern.compile("\\bcut\\s+(?:off\\s+)?the\\s+stream\\b", FLAGS);
    private static final Pattern WORKING_DIRECTORY = Pattern.compile("[Ww]orking directory:?\\s*(/[^\\s<]*)");

    private final JsonNode request;
    private final List<JsonNode> messages;
    private final int lastUser;
    private final String prompt;

    private Script(JsonNode request) {
        this.request = request;
        this.messages = StreamSupport.stream(request.path("messages").spliterator(), false)
                .toList();
        this.lastUser = lastUserMessage();
        this.prompt = lastUser < 0 ? "" : textOf(messages.get(lastUser));
    }

    static Step next(JsonNode request) {
        return new Script(request).next();
    }

    static String promptOf(JsonNode request) {
        return new Script(request).prompt;
    }

    private Step next() {
        if (textOf(messages.isEmpty() ? JsonNodeFactory.instance.objectNode() : messages.getFirst())
                .startsWith("You are a title generator")) {
            return new Step.Say("A task for the demo model", Duration.ZERO);
        }
        var failure = FAIL.matcher(prompt);
        if (failure.find()) {
            return new Step.Fail(Integer.parseInt(failure.group(1)), "the demo model was asked to fail");
        }
        if (CUT.matcher(prompt).find()) {
            return new Step.Cut();
        }
        var wishes = Wish.in(prompt);
        int done = toolResults().size();
        return wishes.stream().skip(done).findFirst().map(this::grant).orElseGet(() -> say(wishes));
    }

    private Step grant(Wish wish) {
        return switch (wish) {
            case Wish.Write(var path, var content) ->
                call(
                        List.of("write"),
                        "I write " + path + ".",
                        tool -> tool.put(parameter("write", "filePath", "path"), absolute(path))
                                .put("content", content));
            case Wish.RunCommand(var command) ->
                call(
                        List.of("bash", "exec"),
                        "I run " + command + ".",
                        tool -> tool.put("command", command).put("description", "Run " + command));
            case Wish.CallTool(var tool, var arguments) ->
                call(List.of(tool), "I call " + tool + ".", nothing -> nothing.setAll(arguments));
        };
    }

    /** Only tools that the request offers are called; without one, that is said. */
    private Step call(List<String> names, String text, Function<ObjectNode, ObjectNode> arguments) {
        return names.stream()
                .filter(name -> offered(name).isPresent())
                .findFirst()
                .<Step>map(name ->
                        new Step.Call(text, name, arguments.apply(JsonNodeFactory.instance.objectNode()), delay()))
                .orElseGet(() -> new Step.Say("I may not use the tool " + names.getFirst() + " here.", delay()));
    }

    private Step say(List<Wish> wishes) {
        if (!wishes.isEmpty()) {
            return new Step.Say(report(wishes), delay());
        }
        if (RECITE.matcher(prompt).find()) {
            var asked = earlierPrompts();
            return new Step.Say(
                    asked.isEmpty() ? "You have asked nothing before." : "You asked: " + String.join(" | ", asked),
                    delay());
        }
        if (RECALL.matcher(prompt).find()) {
            return new Step.Say(
                    remembered()
                            .map(word -> "You told me to remember " + word + ".")
                            .orElse("You told me no word to remember."),
                    delay());
        }
        var remember = REMEMBER.matcher(prompt);
        if (remember.find()) {
            return new Step.Say("I will remember " + remember.group(1) + ".", delay());
        }
        return new Step.Say(
                "I am the demo model: I follow fixed rules and understood nothing to do in: " + firstLine(prompt),
                delay());
    }

    private String report(List<Wish> wishes) {
        var lines = new ArrayList<String>();
        var results = toolResults();
        for (int i = 0; i < wishes.size(); i++) {
            lines.add(
                    switch (wishes.get(i)) {
                        case Wish.Write(var path, var content) -> "I wrote " + content + " into " + path + ".";
                        case Wish.RunCommand(var command) ->
                            "I ran " + command + ", which printed: "
                                    + results.get(i).strip();
                        case Wish.CallTool(var tool, var _) ->
                            "I called " + tool + ", which answered: "
                                    + results.get(i).strip();
                    });
        }
        return String.join("\n", lines);
    }

    private Duration delay() {
        var wait = WAIT.matcher(prompt);
        if (!wait.find() || !toolResults().isEmpty()) {
            return Duration.ZERO;
        }
        long amount = Long.parseLong(wait.group(1));
        return wait.group(2).startsWith("m") ? Duration.ofMillis(amount) : Duration.ofSeconds(amount);
    }

    private Optional<String> remembered() {
        for (var earlier : earlierPrompts().reversed()) {
            var match = REMEMBER.matcher(earlier);
            if (!RECALL.matcher(earlier).find() && match.find()) {
                return Optional.of(match.group(1));
            }
        }
        return Optional.empty();
    }

    private List<String> earlierPrompts() {
        return messages.subList(0, Math.max(lastUser, 0)).stream()
                .filter(Script::isRealUser)
                .map(Script::textOf)
                .toList();
    }

    private List<String> toolResults() {
        return messages.subList(lastUser + 1, messages.size()).stream()
                .filter(message -> message.path("role").asText().equals("tool"))
                .map(Script::textOf)
                .toList();
    }

    private int lastUserMessage() {
        for (int i = messages.size() - 1; i >= 0; i--) {
            if (isRealUser(messages.get(i))) {
                return i;
            }
        }
        return -1;
    }

    /** OpenClaw appends a synthetic user message. */
    private static boolean isRealUser(JsonNode message) {
        return message.path("role").asText().equals("user")
                && !textOf(message).startsWith("<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>");
    }

    static String textOf(JsonNode message) {
        var content = message.path("content");
        if (content.isTextual()) {
            return content.asText();
        }
        var text = new StringBuilder();
        content.forEach(part -> text.append(part.path("text").asText()));
        return text.toString();
    }

    private Optional<JsonNode> offered(String tool) {
        return StreamSupport.stream(request.path("tools").spliterator(), false)
                .map(node -> node.path("function"))
                .filter(function -> function.path("name").asText().equals(tool))
                .findFirst();
    }

    private String parameter(String tool, String preferred, String otherwise) {
        return offered(tool)
                .filter(function ->
                        function.path("parameters").path("properties").has(preferred))
                .map(_ -> preferred)
                .orElse(otherwise);
    }

    private String absolute(String path) {
        return path.startsWith("/") ? path : workingDirectory().orElse("/workspace") + "/" + path;
    }

    private Optional<String> workingDirectory() {
        return messages.stream()
                .filter(message -> message.path("role").asText().equals("system"))
                .map(message -> WORKING_DIRECTORY.matcher(textOf(message)))
                .filter(java.util.regex.Matcher::find)
                .map(matcher -> matcher.group(1))
                .findFirst();
    }

    private static String firstLine(@Nullable String text) {
        return text == null ? "" : text.lines().findFirst().orElse("");
    }

    static List<String> toolNames(JsonNode request) {
        return StreamSupport.stream(request.path("tools").spliterator(), false)
                .map(node -> node.path("function").path("name").asText())
                .toList();
    }

    /** What a request counts: four bytes a token. */
    static long tokens(Object... parts) {
        long bytes = 0;
        for (var part : parts) {
            bytes += part.toString().length();
        }
        return (bytes + 3) / 4;
    }

    static Map<String, Long> usage(long promptTokens, long completionTokens) {
        return Map.of(
                "prompt_tokens", promptTokens,
                "completion_tokens", completionTokens,
                "total_tokens", promptTokens + completionTokens);
    }
}
