package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** {@code docs/how-to/consume-events.md}: its programs, with only address and password of this stack. */
final class EventsPage {
    private static final String KAFKAJS = "kafkajs@2.2.4";
    private static final String IMPORTS = """
            import static java.nio.charset.StandardCharsets.UTF_8;
            import jakarta.enterprise.context.ApplicationScoped;
            import org.apache.kafka.clients.consumer.ConsumerRecord;
            import org.eclipse.microprofile.reactive.messaging.Incoming;

            """;

    private final String text;
    private final String address;
    private final String password;

    private final Path folder;

    /** @param folder for what its programs need */
    EventsPage(Properties reader, Path folder) {
        this.folder = folder;
        this.text = TestStack.read(TestStack.ROOT.resolve("docs/how-to/consume-events.md"));
        this.address = reader.getProperty("bootstrap.servers");
        var jaas = Pattern.compile("password=\"([^\"]+)\"").matcher(reader.getProperty("sasl.jaas.config"));
        this.password = jaas.results().findFirst().orElseThrow().group(1);
    }

    /** The first line that it prints; it would go on for ever. */
    String node() throws IOException {
        run(List.of("npm", "install", "--silent", "--no-audit", "--no-fund", KAFKAJS), false);
        Files.writeString(folder.resolve("consumer.mjs"), block("```js\n"));
        return run(List.of("node", "consumer.mjs"), true);
    }

    /** Whether there is one that the page says works. */
    static boolean hasKcat() {
        try {
            var version = Pattern.compile("librdkafka (\\d+)\\.(\\d+)")
                    .matcher(new String(
                            new ProcessBuilder("kcat", "-V")
                                    .start()
                                    .getInputStream()
                                    .readAllBytes(),
                            StandardCharsets.UTF_8));
            return version.find()
                    && Integer.parseInt(version.group(1)) * 100 + Integer.parseInt(version.group(2)) > 206;
        } catch (IOException isNotHere) {
            return false;
        }
    }

    /** All that it prints. */
    String kcat() throws IOException {
        return run(List.of("bash", "-c", block("```sh\nkcat").replaceFirst("^", "kcat")), false);
    }

    /** The first line of a project of its own, made of the page's two files. */
    String quarkus() throws IOException {
        var source = Files.createDirectories(folder.resolve("src/main/java"));
        var resources = Files.createDirectories(folder.resolve("src/main/resources"));
        Files.copy(Path.of("src/test/consumer/pom.xml"), folder.resolve("pom.xml"));
        Files.writeString(source.resolve("Finished.java"), IMPORTS + block("```java\n"));
        Files.writeString(
                resources.resolve("application.properties"),
                "quarkus.banner.enabled=false\nquarkus.log.level=OFF\n" + block("```properties\n"));
        var version = Pattern.compile("<quarkus.version>(.+)</quarkus.version>")
                .matcher(TestStack.read(TestStack.ROOT.resolve("pom.xml")));
        assertThat(version.find()).isTrue();
        run(List.of("mvn", "-B", "-q", "-Dquarkus.version=" + version.group(1), "package"), false);
        var java = Path.of(System.getProperty("java.home"), "bin/java").toString();
        return run(List.of(java, "-jar", "target/quarkus-app/quarkus-run.jar"), true);
    }

    private String block(String begin) {
        int start = text.indexOf(begin) + begin.length();
        return text.substring(start, text.indexOf("```", start)).replace("127.0.0.1:9094", address);
    }

    private String run(List<String> command, boolean isOneLine) throws IOException {
        var builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectError(folder.resolve("errors").toFile());
        builder.environment().put("PASSWORD", password);
        var process = builder.start();
        try (var out = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            var guard = Thread.ofVirtual().start(() -> end(process));
            var lines = new StringBuilder();
            for (var line = out.readLine(); line != null; line = out.readLine()) {
                // Clients write log lines of their own.
                if (isOneLine && line.startsWith("task_")) {
                    return line;
                }
                lines.append(line).append('\n');
            }
            guard.interrupt();
            if (process.waitFor() != 0) {
                throw new IOException(command + ": " + Files.readString(folder.resolve("errors")));
            }
            return lines.toString();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } finally {
            process.destroyForcibly();
        }
    }

    private static void end(Process process) {
        try {
            if (!process.waitFor(4, TimeUnit.MINUTES)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }
}
