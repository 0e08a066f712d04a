package ai.in10nt.bundles;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.bundles.Verification.Reply;
import ai.in10nt.bundles.Verification.Verdict;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The example of {@code docs/how-to/add-an-integration.md}, as it stands there. */
class AddAnIntegrationTest {
    private static final Path PAGE = Path.of("../docs/how-to/add-an-integration.md");

    @TempDir
    private Path folder = Path.of("");

    private static String example() throws IOException {
        var page = Files.readString(PAGE);
        int begin = page.indexOf("```java\n") + "```java\n".length();
        return page.substring(begin, page.indexOf("```", begin));
    }

    @Test
    void the_example_compiles_and_is_an_integration() throws Exception {
        var source = Files.createDirectories(folder.resolve("ai/in10nt/bundles/linear"))
                .resolve("Linear.java");
        Files.writeString(source, example());
        int result = ToolProvider.getSystemJavaCompiler()
                .run(
                        null,
                        null,
                        null,
                        "-Xlint:all,-path",
                        "-Werror",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "-d",
                        folder.toString(),
                        source.toString());
        assertThat(result).isZero();

        try (var loader = new URLClassLoader(new URL[] {folder.toUri().toURL()})) {
            var bundle = (Bundle) loader.loadClass("ai.in10nt.bundles.linear.Linear")
                    .getField("BUNDLE")
                    .get(null);

            assertThat(bundle.name()).isEqualTo("Linear");
            assertThat(bundle.missing(Set.of())).containsExactly("LINEAR_API_KEY");
            var verification = bundle.verifications().getFirst();
            assertThat(verification.read().apply(new Reply(200, Map.of(), "{}")))
                    .isEqualTo(Verification.valid());
            assertThat(verification.read().apply(new Reply(401, Map.of(), "{\"message\":\"no\"}")))
                    .isEqualTo(new Verdict.Invalid("no"));
        }
    }
}
