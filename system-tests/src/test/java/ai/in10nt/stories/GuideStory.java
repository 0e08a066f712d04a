package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code docs/http-api.md}: what it tells users to type works, from its first line to its last. */
@ExtendWith(SharedStack.class)
class GuideStory {
    private static final Pattern BLOCK = Pattern.compile("(?s)```bash\n(.*?)```");

    @Test
    void the_guide_does_what_it_says(TestStack stack) throws Exception {
        var guide = Files.readString(TestStack.ROOT.resolve("docs/http-api.md"));
        var script = BLOCK.matcher(guide)
                .results()
                .map((MatchResult match) -> match.group(1))
                .collect(Collectors.joining("\n", "set -euo pipefail\n", "echo the end"));
        var builder = new ProcessBuilder("bash", "-c", script).redirectErrorStream(true);
        builder.environment().put("BASE", stack.baseUrl());
        builder.environment().put("KEY", stack.key());

        var process = builder.start();
        var output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output)
                .contains("\"response\": \"I wrote guide into hello.txt.\"")
                .contains("\"state\":\"queued\"")
                .contains("event: end")
                .contains("\"state\": \"cancelled\"")
                .contains("\"exitCode\": 3")
                .contains("+<p>made by the guide</p>")
                .contains("\"port\":5173")
                .contains("\"generation\": 2")
                .contains("\"success\":true")
                .endsWith("the end\n");
        assertThat(output.split("<p>made by the guide</p>", -1))
                .as("read, compared, by path, by host")
                .hasSize(5);
    }
}
