package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** in10nt's way of using it, with HTTP alone, on one replica of everything. */
@ExtendWith(SharedStack.class)
class RunAPromptStory {
    private static final String TENANT = "run-a-prompt";

    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    @SuppressWarnings("NullAway.Init")
    private static Client client;

    /** For what changes nothing of an instance. */
    private static String id = "";

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        client = shared.client(shared.newKey(TENANT));
        id = client.create("run");
    }

    @AfterEach
    void destroyOthers() {
        client.get("/instances").json().forEach(instance -> {
            var other = instance.path("instanceId").asText();
            if (!other.equals(id)) {
                client.delete("/instances/" + other);
            }
        });
    }

    @AfterAll
    static void destroy() {
        client.delete("/instances/" + id);
    }

    private static String word() {
        return "w" + Integer.toString(ThreadLocalRandom.current().nextInt(1_000_000, 9_999_999), 36);
    }

    @Test
    void a_prompt_is_run_by_a_real_agent_and_counted_as_the_model_counted() throws IOException {
        var word = word();

        var task = client.run(id, "Create a file note.txt containing " + word + " and run the command `cat note.txt`");

        assertThat(task.status()).isEqualTo(200);
        assertThat(task.text("status")).isEqualTo("completed");
        assertThat(task.text("response")).contains(word);
        assertThat(task.json().path("toolsUsed")).map(Object::toString).containsExactly("\"write\"", "\"bash\"");
        var asked = stack.asked(word);
        assertThat(task.json().path("usage").path("model_calls").asInt()).isEqualTo(asked.size());
        assertThat(task.json().path("tokensUsed").asLong())
                .isEqualTo(asked.stream()
                        .mapToLong(request -> request.path("promptTokens").asLong()
                                + request.path("completionTokens").asLong())
                        .sum());
        assertThat(workspaceFile(id, "note.txt")).isEqualTo(word);
    }

    private static String workspaceFile(String instance, String name) throws IOException {
        var machine = stack.fly().get("/v1/apps/in10nt/machines?metadata.in10nt_instance=" + instance);
        var volume = machine.json()
                .path(0)
                .path("config")
                .path("mounts")
                .path(0)
                .path("volume")
                .asText();
        return Files.readString(stack.home().resolve("machines/volumes/" + volume + "/workspace/" + name))
                .strip();
    }

    @Test
    void the_sandbox_is_the_real_one_on_this_machine() throws IOException {
        var driver = Files.readString(stack.home().resolve("machines/driver"));

        assertThat(driver).startsWith("runc").contains("pasta").contains("nft");
    }

    @Test
    void stop_keeps_the_workspace_and_the_conversation_and_destroy_leaves_nothing() {
        var word = word();
        var id = client.create("lifecycle");
        assertThat(client.run(id, "Remember the word " + word).text("status")).isEqualTo("completed");

        assertThat(client.post("/instances/" + id + "/stop").text("status")).isEqualTo("stopped");
        assertThat(client.post("/instances/" + id + "/stop").text("status")).isEqualTo("stopped");
        var refused = client.run(id, "hello");
        assertThat(refused.status()).isEqualTo(409);
        assertThat(refused.text("code")).isEqualTo("instance_stopped");

        var restarted = client.post("/instances/" + id + "/restart");
        assertThat(restarted.text("status")).isEqualTo("healthy");
        assertThat(restarted.json().path("generation").asInt()).isEqualTo(2);
        assertThat(client.run(id, "What word did I tell you to remember?").text("response"))
                .contains(word);
        assertThat(client.get("/instances/" + id + "/tasks").json()).hasSize(2);

        var machine = stack.fly()
                .get("/v1/apps/in10nt/machines?metadata.in10nt_instance=" + id)
                .json()
                .path(0);
        var volume =
                machine.path("config").path("mounts").path(0).path("volume").asText();
        assertThat(client.delete("/instances/" + id).json().path("success").asBoolean())
                .isTrue();
        assertThat(client.delete("/instances/" + id).status()).isEqualTo(200);
        assertThat(client.get("/instances/" + id).text("status")).isEqualTo("destroyed");
        assertThat(client.post("/instances/" + id + "/restart").text("code")).isEqualTo("instance_destroyed");
        assertThat(client.get("/instances").body()).doesNotContain(id);
        assertThat(stack.home()
                        .resolve("machines/machines/" + machine.path("id").asText()))
                .doesNotExist();
        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> assertThat(stack.home().resolve("machines/volumes/" + volume))
                        .doesNotExist());
        assertThat(stack.processes())
                .noneMatch(line -> line.contains(machine.path("id").asText()));
    }

    @Test
    void a_strangers_consumer_reads_the_whole_story_of_a_run() {
        var task = client.run(id, "Create a file a.txt containing one");

        var events = Events.of(stack.kafka(), "in10nt.task.events", task.text("taskId"));

        assertThat(events).map(Events.Event::type).containsExactly("task.queued", "task.running", "task.completed");
        assertThat(events).map(event -> event.headers().get("ce_revision")).containsExactly("1", "2", "3");
        assertThat(events)
                .allSatisfy(event -> assertThat(event.headers())
                        .containsEntry("ce_specversion", "1.0")
                        .containsEntry("ce_tenant", TENANT)
                        .containsEntry("ce_source", "/task-service")
                        .containsKeys("ce_id", "ce_time", "traceparent", "ce_requestid"));
        assertThat(events.getLast().json().path("task").path("response").asText())
                .isEqualTo(task.text("response"));
        // The one event that answers the command has its id; no other has.
        assertThat(events)
                .filteredOn(event -> event.headers().containsKey("ce_causationid"))
                .hasSize(1);
        var story = Events.of(stack.kafka(), "in10nt.instance.events", id);
        assertThat(story)
                .map(Events.Event::type)
                .containsExactly("instance.provisioning", "instance.starting", "instance.healthy");
        assertThat(story)
                .map(Events.Event::partition)
                .containsOnly(events.getFirst().partition());
    }

    @Test
    void runs_go_one_after_another_in_the_order_they_were_accepted() {
        var first = client.runAsync(id, "Wait 1 second and create a file order.txt containing first");
        var second = client.runAsync(id, "What did I ask before?");

        await().atMost(Duration.ofSeconds(60))
                .until(() -> client.task(id, second).path("status").asText().equals("completed"));

        var firstEnded = client.task(id, first).path("completedAt").asText();
        var secondStarted = client.task(id, second).path("startedAt").asText();
        assertThat(firstEnded).isLessThanOrEqualTo(secondStarted);
        assertThat(client.task(id, second).path("response").asText()).contains("order.txt");
        var listed = StreamSupport.stream(
                        client.get("/instances/" + id + "/tasks").json().spliterator(), false)
                .map(task -> task.path("taskId").asText())
                .toList();
        assertThat(listed).startsWith(second, first);
    }

    @Test
    void a_stop_ends_the_running_and_the_queued_tasks_before_it_answers() {
        var id = client.create("stopped");
        var running = client.runAsync(id, "Wait 60 seconds and say hello");
        var queued = client.runAsync(id, "hello");
        await().atMost(Duration.ofSeconds(30))
                .until(() -> client.task(id, running).path("state").asText().equals("running"));

        client.post("/instances/" + id + "/stop");

        for (var task : List.of(running, queued)) {
            assertThat(client.task(id, task).path("status").asText()).isEqualTo("failed");
            assertThat(client.task(id, task).path("error").path("code").asText())
                    .isEqualTo("instance_stopped");
        }
    }

    @Test
    void a_run_longer_than_its_timeout_is_ended() {
        var task = client.post(
                "/instances/" + id + "/run", Map.of("prompt", "Wait 60 seconds and say hello", "timeout", 3000));

        assertThat(task.status()).isEqualTo(200);
        assertThat(task.text("status")).isEqualTo("failed");
        assertThat(task.text("state")).isEqualTo("timed_out");
        assertThat(task.json().path("error").path("code").asText()).isEqualTo("timeout");
    }

    @Test
    void the_environment_reaches_the_agent_and_no_one_else() throws IOException {
        var secret = "canary-" + word();
        var created =
                client.post("/instances", Map.of("name", "env", "description", "x", "env", Map.of("MY_TOKEN", secret)));
        var id = created.text("instanceId");
        assertThat(created.body()).contains("MY_TOKEN").doesNotContain(secret);

        var task = client.run(
                id,
                "Run the command `test $MY_TOKEN = " + secret.substring(0, 7) + "$(echo " + secret.substring(7)
                        + ") && echo it is there`");

        assertThat(task.text("response")).contains("it is there");
        for (var topic : List.of("in10nt.instance.commands", "in10nt.instance.events", "in10nt.replies")) {
            assertThat(Events.all(stack.kafka(), topic))
                    .noneMatch(event -> event.value().contains(secret)
                            || event.headers().toString().contains(secret));
        }
        assertThat(SecretScan.filesHolding(secret, stack.home())).isEmpty();
    }

    @Test
    void a_text_longer_than_an_event_carries_is_whole_over_http() {
        var prompt = "hello " + "x".repeat(300_000);

        var task = client.run(id, prompt);

        assertThat(task.text("prompt")).isEqualTo(prompt);
        var event = Events.of(stack.kafka(), "in10nt.task.events", task.text("taskId"))
                .getLast();
        assertThat(event.json().path("task").path("promptTruncated").asBoolean())
                .isTrue();
        assertThat(event.json().path("task").path("prompt").asText()).hasSize(256 * 1024);
    }

    @Test
    void a_run_repeated_with_its_key_is_run_once_and_answered_the_same() {
        var word = word();
        var id = client.create("once");
        var body = "{\"prompt\":\"Create a file once.txt containing " + word + "\"}";
        String[] headers = {"Content-Type", "application/json", "Idempotency-Key", "key-" + word};

        var first = client.send("POST", "/instances/" + id + "/run", body, headers);
        client.post("/instances/" + id + "/stop");
        var again = client.send("POST", "/instances/" + id + "/run", body, headers);

        assertThat(again.status()).isEqualTo(200);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(stack.asked(word)).hasSize(2);
        assertThat(client.get("/instances/" + id + "/tasks").json()).hasSize(1);
        // A refusal of the gateway's own isn't remembered.
        String[] other = {"Content-Type", "application/json", "Idempotency-Key", "other-" + word};
        assertThat(client.send("POST", "/instances/" + id + "/run", body, other).status())
                .isEqualTo(409);
        client.post("/instances/" + id + "/start");
        assertThat(client.send("POST", "/instances/" + id + "/run", body, other).text("status"))
                .isEqualTo("completed");
    }

    @Test
    void what_the_user_sets_steers_nothing_that_has_more_rights_than_the_agent() {
        var env = Map.of(
                "PATH", "/workspace/bin:/usr/bin:/bin",
                "LD_PRELOAD", "/workspace/none.so",
                "QUOTED", "it's $HOME \"x\"");
        var created = client.post("/instances", Map.of("name", "steer", "description", "x", "env", env));
        var id = created.text("instanceId");
        assertThat(created.text("status")).isEqualTo("healthy");

        var task = client.run(
                id, "Run the command `printf %s \"$QUOTED\" | wc -c; echo $PATH; id -u; cat /run/in10nt/agent.json`");

        assertThat(client.post("/instances/" + id + "/execute", Map.of("command", "printf %s \"$QUOTED\""))
                        .text("stdout"))
                .isEqualTo(env.get("QUOTED"));
        assertThat(task.text("response"))
                .contains("14\n")
                .contains("/workspace/bin:/usr/bin:/bin")
                .contains("1000")
                .contains("Permission denied");
    }

    @Test
    void other_tenants_see_nothing() {
        var stranger = stack.client(stack.newKey("others"));

        assertThat(stranger.get("/instances").json()).isEmpty();
        assertThat(stranger.get("/instances/" + id).status()).isEqualTo(404);
        assertThat(stranger.get("/instances/" + id + "/tasks").status()).isEqualTo(404);
        assertThat(stranger.post("/instances/" + id + "/stop").status()).isEqualTo(404);
        assertThat(stranger.delete("/instances/" + id).status()).isEqualTo(404);
        assertThat(stranger.run(id, "hello").status()).isEqualTo(404);
        assertThat(client.get("/instances/" + id).text("status")).isEqualTo("healthy");
    }
}
