package ai.in10nt.agent;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.TaskState;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run tells the world of, without the machine's secrets. */
class RunStreamTest {
    private static final String SECRET = "hush-\"hush\"-1";

    @TempDir
    private Path folder = Path.of("");

    private final Integrations integrations = new Integrations(false);

    private Masks masks() {
        var secrets = new AgentConfig.Secrets(
                "inst",
                1,
                "the-agents-token",
                Map.of(),
                Map.of("PASSWORD", SECRET, "LONGER", SECRET + "23", "PATH", "/usr/bin:/bin"),
                null);
        return new Masks(new AgentConfig(
                secrets, folder, folder, "", 0, 0, folder, folder, true, Map.of(), integrations, "between-us"));
    }

    private static String told(RunStream stream) {
        return stream.after(0).stream()
                .map(line -> Json.read(line, JsonNode.class))
                .map(event -> event.path("text").asText())
                .collect(Collectors.joining());
    }

    @Test
    void a_secret_that_comes_in_pieces_is_masked_and_what_only_looks_like_one_is_told() {
        var stream = new RunStream(folder.resolve("events"), masks());
        var words = "It is " + SECRET + "23, and " + SECRET + ", between-us, not hush-a, but hush-";
        for (int i = 0; i < words.length(); i++) {
            stream.add(RunEvents.text(words.substring(i, i + 1)));
            if (i % 3 == 0) {
                // Each on its own, as a slow model writes.
                stream.await(stream.after(0).size(), Duration.ofMillis(60));
            }
        }
        stream.end();

        assertThat(told(stream)).isEqualTo("It is ***, and ***, ***, not hush-a, but hush-");
        assertThat(stream.after(0)).as("told as they came").hasSizeGreaterThan(5);
    }

    @Test
    void what_may_be_the_beginning_of_one_waits() {
        var masks = masks();

        assertThat(masks.in("PATH=/usr/bin:/bin")).isEqualTo("PATH=/usr/bin:/bin");
        assertThat(masks.settled("nothing")).isEqualTo("nothing".length());
        assertThat(masks.settled("so hus")).isEqualTo("so ".length());
        assertThat(masks.settled("so " + SECRET)).as("a longer one begins so").isEqualTo("so ".length());
        assertThat(masks.settled(SECRET + "!")).isEqualTo(SECRET.length() + 1);
    }

    @Test
    void calls_of_tools_and_the_end_are_masked_value_by_value() {
        var masks = masks();
        integrations.put(new Integrations.Given(1, Map.of("GITHUB_TOKEN", "ghp_hush"), List.of("GITHUB_TOKEN"), null));
        var call = Json.MAPPER.createObjectNode().put("output", "a " + SECRET + "\nb ghp_hush");
        call.putObject("input").putArray("args").add(SECRET).add(1);

        assertThat(Json.text(masks.in(call)))
                .isEqualTo("{\"output\":\"a ***\\nb ***\",\"input\":{\"args\":[\"***\",1]}}");
        var run = Run.begun(
                        "task_1",
                        Json.read(
                                "{\"prompt\":\"p\",\"options\":null,\"queueNumber\":1}",
                                ai.in10nt.contracts.AgentRun.Request.class),
                        0)
                .failed(
                        TaskState.FAILED,
                        new ai.in10nt.contracts.Failure("agent_error", "it said " + SECRET),
                        "so " + SECRET,
                        List.of("bash"),
                        5)
                .masked(masks);
        assertThat(run.reportNow().response()).isEqualTo("so ***");
        assertThat(String.valueOf(run.reportNow().error()))
                .contains("it said ***")
                .doesNotContain(SECRET);
    }
}
