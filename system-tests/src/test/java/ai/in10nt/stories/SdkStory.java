package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** The TypeScript SDK, built and tried by Node's own test runner against the stack. */
@ExtendWith(SharedStack.class)
class SdkStory {
    private static final Path SDK = Path.of("../sdk/typescript");

    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    private static String key = "";

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        // Its tests look at all that their tenant has.
        key = shared.newKey("sdk");
    }

    @Test
    void its_tests_pass_against_the_stack(@TempDir Path temporary) throws Exception {
        run(temporary, "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error");
        var types = Files.readString(SDK.resolve("src/api.ts"));
        run(temporary, "npm", "run", "--silent", "generate");
        run(temporary, "npm", "run", "--silent", "build");

        assertThat(SDK.resolve("src/api.ts"))
                .as("types as the OpenAPI document has them: npm run generate")
                .hasContent(types);

        var output = run(temporary, "npm", "run", "--silent", "test");

        assertThat(output).contains("# fail 0").contains("# skipped 0").doesNotContain("# pass 0");
    }

    private static String run(Path temporary, String... command) throws IOException, InterruptedException {
        var output = Files.createTempFile(temporary, "npm", ".out");
        var builder = new ProcessBuilder(List.of(command))
                .directory(SDK.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().put("IN10NT_BASE_URL", stack.baseUrl());
        builder.environment().put("IN10NT_API_KEY", key);
        var process = builder.start();
        boolean isOver = process.waitFor(180, TimeUnit.SECONDS);
        if (!isOver) {
            process.destroyForcibly();
        }
        var text = Files.readString(output);
        assertThat(isOver && process.exitValue() == 0)
                .as(String.join(" ", command) + "\n" + text)
                .isTrue();
        return text;
    }
}
