package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import ai.in10nt.chaos.Chaos;
import ai.in10nt.chaos.Docker;
import ai.in10nt.contracts.Keyset;
import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** The stack as containers, as {@code docker-compose up -d} starts it; {@code ./dev test} tells it where a Docker engine answers. */
@EnabledIfEnvironmentVariable(
        named = "IN10NT_TEST_DRIVER",
        matches = "docker",
        disabledReason = "containers: ./dev test asks for it where a Docker engine answers")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ContainersStory {
    private static final List<String> KILLED = List.of(
            "api-gateway",
            "provisioner-service",
            "task-service",
            "log-service",
            "integration-service",
            "kafka",
            "postgres",
            "machines-local",
            // Whoever was started before it is to find his way through its successor.
            "engine-guard",
            "machine");

    private static @Nullable ComposeStack running;
    private final ComposeStack stack = Objects.requireNonNull(running);
    private final Client client = stack.client();
    private final String id = instance();

    /** Made by the first test, and the same for all. */
    private String instance() {
        for (var instance : client.get("/instances").json()) {
            if (instance.path("name").asText().equals("contained")) {
                return instance.path("instanceId").asText();
            }
        }
        return client.create("contained");
    }

    @BeforeAll
    static void start() {
        running = ComposeStack.up();
    }

    @AfterAll
    static void stop() {
        if (running != null) {
            running.close();
        }
    }

    @Test
    @Order(1)
    void a_prompt_runs_in_a_container_of_its_own() {
        var ran = client.run(id, "Create a file hello.txt containing zebra and run the command `cat hello.txt`");

        assertThat(ran.text("status")).as(ran.toString()).isEqualTo("completed");
        assertThat(ran.text("response")).contains("zebra");
        var lines = client.send("GET", "/instances/" + id + "/logs", null, "Accept", "application/json");
        assertThat(lines.body()).contains("zebra");
        assertThat(client.get("/instances/" + id + "/files/hello.txt").body()).contains("zebra");
    }

    @Test
    @Order(2)
    void nothing_secret_is_in_an_environment_or_a_description_of_a_container() {
        var secrets = stack.secrets();
        for (var container : stack.installation().all()) {
            assertThat(Docker.docker("inspect", container)).doesNotContain(secrets);
        }
    }

    @Test
    @Order(3)
    void who_reads_events_reads_them_and_does_nothing_else() throws Exception {
        var outsider = new Outsider(stack.reader());

        outsider.readsEventsOf(id);
        outsider.doesNothingElse();
        outsider.isNobodyWithoutThePassword();
    }

    /** The page for users, as it is written. */
    @Test
    @Order(4)
    void the_consumers_of_the_page_read_what_happens(@TempDir Path folder) throws IOException {
        var page = new EventsPage(stack.reader(), folder);

        assertThat(page.node()).startsWith("task_");
        assertThat(page.quarkus()).startsWith("task_");
    }

    private String wrapping() {
        return stack.installation().inside("integration-service", "/run/in10nt/keys/integration-wrapping.json");
    }

    @Test
    @Order(4)
    void keys_are_rotated_and_what_was_sealed_before_is_used_after() {
        var before = wrapping();
        var github = Map.of("integrations", List.of("GitHub"), "integrationEnv", Map.of("GITHUB_TOKEN", "ghp_before"));
        assertThat(client.post("/instances/" + id + "/integrations", github).status())
                .isEqualTo(200);

        assertThat(stack.rotateKeys()).contains("gateways seal by key", "all that is stored is sealed anew");

        var after = wrapping();
        assertThat(Keyset.ids(after)).hasSize(1).doesNotContain(Keyset.primary(before));
        // And by itself, when they are old.
        stack.letKeysBeOld();
        await("keys are rotated by themselves")
                .atMost(Duration.ofSeconds(60))
                .until(() -> Keyset.ids(wrapping()).size() == 1 && Keyset.primary(wrapping()) != Keyset.primary(after));
        // A boot is given its values anew.
        assertThat(client.post("/instances/" + id + "/restart").text("status")).isEqualTo("healthy");
        assertThat(client.post("/instances/" + id + "/execute", Map.of("command", "printf %s \"$GITHUB_TOKEN\""))
                        .text("stdout"))
                .isEqualTo("ghp_before");
    }

    @Test
    @Order(4)
    void kcat_reads_what_happens(@TempDir Path folder) throws IOException {
        assumeThat(EventsPage.hasKcat())
                .as("kcat with librdkafka 2.6.1 or newer, which the page asks for, isn't here")
                .isTrue();

        assertThat(new EventsPage(stack.reader(), folder).kcat()).contains("ce_type=task.completed", "\"prompt\"");
    }

    @Test
    @Order(4)
    void events_are_sent_as_spans_where_that_is_wanted() throws IOException {
        var received = new ByteArrayOutputStream();
        var collector = HttpServer.create(new InetSocketAddress("0.0.0.0", 0), 0);
        collector.createContext("/v1/traces", exchange -> {
            synchronized (received) {
                received.writeBytes(exchange.getRequestBody().readAllBytes());
            }
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        collector.start();
        try {
            stack.upToo(
                    "traces",
                    "IN10NT_OTLP_ENDPOINT",
                    "http://" + stack.host() + ":" + collector.getAddress().getPort());
            var trace = "4bf92f3577b34da6a3ce929d0e0e4736";

            await("a run's states are spans of its trace")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> {
                        client.send(
                                "POST",
                                "/instances/" + id + "/run",
                                "{\"prompt\":\"hello\"}",
                                "Content-Type",
                                "application/json",
                                "traceparent",
                                "00-" + trace + "-00f067aa0ba902b7-01");
                        synchronized (received) {
                            var bytes = received.toString(StandardCharsets.ISO_8859_1);
                            return bytes.contains("task.running")
                                    && bytes.contains("task-service")
                                    && bytes.contains(
                                            new String(HexFormat.of().parseHex(trace), StandardCharsets.ISO_8859_1));
                        }
                    });
        } finally {
            collector.stop(0);
        }
    }

    @Test
    @Order(5)
    void whatever_container_is_killed_a_run_goes_on_to_its_end() {
        for (var victim : KILLED) {
            var task = client.runAsync(id, "Wait 4 seconds and repeat the word " + victim);

            if (victim.equals("machine")) {
                Docker.docker(
                        "kill", "-s", "KILL", stack.installation().machines().getFirst());
            } else {
                if (victim.equals("engine-guard")) {
                    await("machines-local is up, and stays")
                            .atMost(Duration.ofSeconds(60))
                            .ignoreExceptions()
                            .until(() ->
                                    stack.installation().fly().get("/health").status() == 200);
                }
                stack.installation().kill(victim);
            }

            await(victim + " was killed")
                    .atMost(Duration.ofMinutes(2))
                    .pollInterval(Duration.ofMillis(500))
                    .ignoreExceptions()
                    .until(
                            () -> client.get("/instances/" + id + "/tasks/" + task)
                                    .text("state"),
                            state -> state.equals("completed"));
        }
        assertThat(client.get("/instances/" + id).text("status")).isEqualTo("healthy");
    }

    @Test
    @Order(6)
    void whatever_dies_each_accepted_command_has_one_outcome() throws InterruptedException {
        var report = Chaos.run(stack.installation(), 7, Duration.ofSeconds(20));

        System.out.println(report.figures());
        assertThat(report.violations()).as(report::toString).isEmpty();
    }

    @Test
    @Order(7)
    void down_and_up_keeps_everything() {
        var tasks = ids(client.get("/instances/" + id + "/tasks").json());

        stack.down();
        stack.upAgain();

        assertThat(ids(client.get("/instances/" + id + "/tasks").json())).isEqualTo(tasks);
        await("its machine is up again")
                .atMost(Duration.ofSeconds(90))
                .until(() -> client.get("/instances/" + id).text("status").equals("healthy"));
        var ran = client.run(id, "Run the command `cat hello.txt`");
        assertThat(ran.text("response")).contains("zebra");
    }

    private static List<String> ids(JsonNode tasks) {
        return tasks.findValuesAsText("taskId");
    }

    @Test
    @Order(8)
    void a_destroyed_instance_leaves_no_container() {
        assertThat(stack.installation().machines()).hasSize(1);

        client.delete("/instances/" + id);

        await().atMost(Duration.ofSeconds(30))
                .until(() -> stack.installation().ofNoMachine(Set.of()).isEmpty());
    }
}
