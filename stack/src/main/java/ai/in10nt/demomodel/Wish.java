package ai.in10nt.demomodel;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** One thing that the user's message asks for. */
sealed interface Wish {
    record Write(String path, String content) implements Wish {}

    record RunCommand(String command) implements Wish {}

    record CallTool(String tool, ObjectNode arguments) implements Wish {}

    int FLAGS = Pattern.CASE_INSENSITIVE | Pattern.DOTALL;

    Pattern WRITE = Pattern.compile(
            "(?:write|create|make)\\s+(?:a\\s+|the\\s+)?(?:new\\s+)?file\\s+(?:called\\s+|named\\s+)?[`\"']?([\\w./-]*\\w)[`\"']?\\s+"
                    + "(?:containing|that\\s+says|with)\\s+(?:the\\s+)?(?:(?:text|content|contents|word|line)\\s*:?\\s+)?"
                    + "(?:`([^`]*)`|\"([^\"]*)\"|(\\S+?)(?=[.,;]?(?:\\s|$)))",
            FLAGS);
    Pattern RUN = Pattern.compile(
            "\\b(?:run|execute)\\s+(?:the\\s+)?(?:command\\s+|shell command\\s+)?:?\\s*`([^`]+)`", FLAGS);
    Pattern CALL = Pattern.compile("\\bcall\\s+the\\s+tool\\s+`?([\\w-]+)`?(?:\\s+with\\s+`([^`]*)`)?", FLAGS);

    /** In the order they stand in the message. */
    static List<Wish> in(String prompt) {
        record Found(int at, Wish wish) {}
        var found = new ArrayList<Found>();
        WRITE.matcher(prompt)
                .results()
                .forEach(match -> found.add(new Found(match.start(), new Write(match.group(1), content(match)))));
        RUN.matcher(prompt)
                .results()
                .forEach(match -> found.add(new Found(match.start(), new RunCommand(match.group(1)))));
        CALL.matcher(prompt)
                .results()
                .forEach(match ->
                        found.add(new Found(match.start(), new CallTool(match.group(1), arguments(match.group(2))))));
        return found.stream()
                .sorted(Comparator.comparingInt(Found::at))
                .map(Found::wish)
                .toList();
    }

    private static String content(MatchResult match) {
        for (int group = 2; group <= match.groupCount(); group++) {
            if (match.group(group) != null) {
                return match.group(group);
            }
        }
        return "";
    }

    /** What isn't a JSON object is no arguments: a model can be wrong too. */
    private static ObjectNode arguments(@org.jspecify.annotations.Nullable String json) {
        var mapper = new ObjectMapper();
        try {
            return json != null && mapper.readTree(json) instanceof ObjectNode object
                    ? object
                    : mapper.createObjectNode();
        } catch (JsonProcessingException e) {
            return mapper.createObjectNode();
        }
    }
}
