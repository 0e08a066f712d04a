package ai.in10nt.demomodel;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScriptTest {
    private final ObjectNode request = Json.MAPPER.createObjectNode();

    ScriptTest() {
        say("system", "You are an agent. Working directory: /workspace");
        offer("write", "filePath");
        offer("bash", "command");
    }

    private void say(String role, String text) {
        request.withArray("messages").addObject().put("role", role).put("content", text);
    }

    private void offer(String tool, String parameter) {
        var function =
                request.withArray("tools").addObject().putObject("function").put("name", tool);
        function.putObject("parameters").putObject("properties").putObject(parameter);
    }

    private Script.Step next() {
        return Script.next(request);
    }

    private String said() {
        return ((Script.Step.Say) next()).text();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Create a file hello.txt containing zebra | hello.txt | zebra",
                "Please write the file src/a.md with the text \"two words\" now | src/a.md | two words",
                "create a new file called x.py containing `print(1)` | x.py | print(1)",
                "Wait 3 seconds and create a file v.txt containing w1. | v.txt | w1",
            })
    void it_writes_the_file_that_it_is_asked_for(String prompt, String path, String content) {
        say("user", prompt);

        var call = (Script.Step.Call) next();

        assertThat(call.tool()).isEqualTo("write");
        assertThat(call.arguments().path("filePath").asText()).isEqualTo("/workspace/" + path);
        assertThat(call.arguments().path("content").asText()).isEqualTo(content);
    }

    @Test
    void it_calls_a_tool_by_name_if_that_is_offered() {
        say("user", "Call the tool http_weather with `{\"city\":\"Bern\"}`");

        assertThat(said()).contains("may not use the tool http_weather");

        offer("http_weather", "city");
        var call = (Script.Step.Call) next();

        assertThat(call.tool()).isEqualTo("http_weather");
        assertThat(call.arguments().path("city").asText()).isEqualTo("Bern");
    }

    @Test
    void it_does_one_thing_after_another_and_reports_at_the_end() {
        say("user", "Create a file a.txt containing one and run the command `cat a.txt`");
        assertThat(((Script.Step.Call) next()).tool()).isEqualTo("write");

        say("tool", "Wrote file.");
        var second = (Script.Step.Call) next();
        assertThat(second.tool()).isEqualTo("bash");
        assertThat(second.arguments().path("command").asText()).isEqualTo("cat a.txt");

        say("tool", "one\n");
        assertThat(said()).contains("I wrote one into a.txt.").contains("which printed: one");
    }

    @Test
    void it_calls_only_tools_that_it_is_offered() {
        request.remove("tools");
        say("user", "Create a file a.txt containing one");

        assertThat(said()).contains("may not use the tool write");
    }

    @Test
    void it_remembers_within_the_conversation() {
        say("user", "Remember the word kumquat");
        assertThat(said()).contains("kumquat");

        say("assistant", "I will remember kumquat.");
        say("user", "What word did I tell you to remember?");
        assertThat(said()).contains("kumquat");
    }

    @Test
    void it_recites_what_it_was_asked() {
        say("user", "first thing");
        say("assistant", "yes");
        say("user", "What did I ask before?");

        assertThat(said()).isEqualTo("You asked: first thing");
    }

    @Test
    void it_fails_as_a_provider_fails() {
        say("user", "Fail with 429");
        assertThat(next())
                .isInstanceOfSatisfying(
                        Script.Step.Fail.class,
                        fail -> assertThat(fail.status()).isEqualTo(429));

        say("user", "Cut the stream");
        assertThat(next()).isEqualTo(new Script.Step.Cut());
    }

    @ParameterizedTest
    @CsvSource({"'Wait 2 seconds and say hello', 2000", "'take 150 ms', 150", "'hello', 0"})
    void it_takes_its_time(String prompt, long millis) {
        say("user", prompt);

        assertThat(((Script.Step.Say) next()).delay().toMillis()).isEqualTo(millis);
    }

    @Test
    void it_answers_the_side_request_for_a_title() {
        var titles = Json.read(
                "{\"messages\":[{\"role\":\"system\",\"content\":\"You are a title generator. …\"}]}", JsonNode.class);

        assertThat(Script.next(titles)).isInstanceOf(Script.Step.Say.class);
    }
}
