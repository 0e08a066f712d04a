package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./dev}, as README shows it. */
class DevStory {
    /** Where its stacks have their gateways, or 200 below. */
    static final int GATEWAY = 21_300;

    @TempDir
    @SuppressWarnings("NullAway.Init")
    private static Path folder;

    private record Ended(int code, String output) {}

    private static Ended dev(int port, String home, String... words) throws IOException, InterruptedException {
        return dev(Map.of(), port, home, words);
    }

    private static Ended dev(Map<String, String> environment, int port, String home, String... words)
            throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of("./dev"));
        command.addAll(Arrays.asList(words));
        var output = Files.createTempFile(folder, "dev", ".out");
        var builder = new ProcessBuilder(command)
                .directory(TestStack.ROOT.toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        builder.environment().put("IN10NT_BUILT", "yes");
        builder.environment().put("IN10NT_HOME", folder.resolve(home).toString());
        builder.environment().put("IN10NT_PORT", String.valueOf(port));
        builder.environment().keySet().removeIf(name -> name.endsWith("_API_KEY"));
        var process = builder.start();
        if (!process.waitFor(4, TimeUnit.MINUTES)) {
            process.destroyForcibly();
        }
        return new Ended(process.waitFor(), Files.readString(output));
    }

    private static List<String> left(String home) {
        return ProcessHandle.allProcesses()
                .map(process -> process.info().commandLine().orElse(""))
                .filter(line -> line.contains(folder.resolve(home).toString()))
                .toList();
    }

    @Test
    void the_demo_does_the_main_job_and_leaves_nothing_running() throws Exception {
        var demo = dev(GATEWAY - 200, "demo", "demo");

        assertThat(demo.code()).as(demo.output()).isZero();
        assertThat(demo.output())
                .containsPattern("sandbox +runc.*pasta.*nft")
                .containsPattern("instance +inst_[0-9a-z]{26} is healthy")
                .containsPattern("answer +I wrote zebra-\\w+ into hello.txt")
                .containsPattern("tokens +\\d+ in 3 model calls, \\$0\\.\\d+; the demo model counted \\d+ in 3")
                .containsPattern("file +hello.txt on the instance's volume: zebra-\\w+")
                .containsPattern("in all +\\d+ s");
        assertThat(left("demo")).isEmpty();
        assertThat(Files.readString(Path.of("/proc/mounts"))).doesNotContain(folder.toString());
    }

    /** README's own text, but for the address. */
    private static void readmesCurlLinesWork(String baseUrl, String key) throws Exception {
        var readme = Files.readString(TestStack.ROOT.resolve("README.md"));
        var block = readme.substring(readme.indexOf("curl -s localhost:8080"));
        var commands = List.of(block.substring(0, block.indexOf("```"))
                .replace("\\\n", " ")
                .replace("localhost:8080", baseUrl)
                .strip()
                .split("\n", -1));
        assertThat(commands).hasSize(3);

        var created = Json.read(bash(commands.get(0), key, ""), JsonNode.class);
        var id = created.path("instanceId").asText();
        assertThat(created.path("status").asText()).isEqualTo("healthy");
        var task = Json.read(bash(commands.get(1), key, id), JsonNode.class);
        assertThat(task.path("response").asText()).isEqualTo("I wrote hi into hello.txt.");
        assertThat(Json.read(bash(commands.get(2), key, id), JsonNode.class)).hasSize(1);
    }

    private static String bash(String command, String key, String id) throws Exception {
        var builder = new ProcessBuilder("bash", "-c", command);
        builder.environment().put("KEY", key);
        builder.environment().put("ID", id);
        var process = builder.start();
        return new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    }

    @Test
    void up_status_up_again_and_down() throws Exception {
        var up = dev(GATEWAY, "up", "up", "-d");
        assertThat(up.code()).as(up.output()).isZero();
        assertThat(up.output())
                .contains("in10nt is ready at http://127.0.0.1:21300")
                .contains("curl -s");

        var again = dev(GATEWAY, "up", "up", "-d");
        assertThat(again.code()).isNotZero();
        assertThat(again.output()).contains("The stack runs already");

        var taken = dev(GATEWAY, "other", "up", "-d");
        assertThat(taken.code()).isNotZero();
        assertThat(taken.output()).contains("Ports are taken").contains("21300 (for api-gateway) by pid");

        JsonNode status = Json.read(dev(GATEWAY, "up", "status", "--json").output(), JsonNode.class);
        assertThat(status.path("services"))
                .hasSize(9)
                .allSatisfy(
                        service -> assertThat(service.path("ready").asBoolean()).isTrue());
        for (var field : List.of(
                "baseUrl", "apiKey", "kafka", "flyApiUrl", "flyApiToken", "stateDir", "keysetDir", "volumesDir")) {
            assertThat(status.path(field).asText()).as(field).isNotEmpty();
        }
        assertThat(status.path("databases")).hasSize(5);
        var home = folder.resolve("up");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home)))
                .isEqualTo("rwx------");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(home.resolve("secrets/api-key"))))
                .isEqualTo("rw-------");
        // What is secret is on nobody's command line and in nobody's environment.
        var secret = status.path("flyApiToken").asText();
        for (var service : status.path("services")) {
            var proc = Path.of("/proc/" + service.path("pid").asText());
            assertThat(Files.readString(proc.resolve("cmdline"))).doesNotContain(secret);
            assertThat(Files.readString(proc.resolve("environ"))).doesNotContain(secret);
        }

        var baseUrl = status.path("baseUrl").asText();
        var client = new Client(baseUrl, status.path("apiKey").asText());
        readmesCurlLinesWork(baseUrl, status.path("apiKey").asText());
        var id = client.get("/instances").json().path(0).path("instanceId").asText();
        var retained = Retained.in(client, id);

        assertThat(dev(GATEWAY, "up", "down").code()).isZero();
        assertThat(left("up")).isEmpty();
        assertThat(dev(Retained.EIGHT_DAYS_LATER, GATEWAY, "up", "up", "-d").code())
                .isZero();
        await("the instance is booted again")
                .atMost(Duration.ofMinutes(1))
                .until(() ->
                        client.get("/instances/" + id).json().path("generation").asInt() == 2
                                && client.get("/instances/" + id).text("status").equals("healthy"));
        assertThat(client.run(id, "Run the command `cat hello.txt`").text("response"))
                .contains("hi");
        retained.isForgotten(client, status.path("kafka").asText());

        assertThat(dev(GATEWAY, "up", "down").code()).isZero();
        assertThat(left("up")).isEmpty();
        assertThat(dev(GATEWAY, "up", "status").output()).contains("The stack doesn't run");
    }
}
