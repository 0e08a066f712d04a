package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Two replicas of every service; processes die at the worst moments; each run still has one outcome and was asked once. */
@Isolated
@Order(Integer.MAX_VALUE)
@ExtendWith(SharedStack.OfTwo.class)
class KillStory {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    private static String instance = "";

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
    }

    /** What an earlier test killed listens again: a refused connection is no accepted request. */
    @BeforeEach
    void awaitGateways() {
        for (int replica = 1; replica <= 2; replica++) {
            var gateway = stack.client(replica);
            await("gateway " + replica + " is ready")
                    .atMost(PATIENCE)
                    .ignoreExceptionsInstanceOf(UncheckedIOException.class)
                    .until(() -> gateway.get("/health/ready").status() == 200);
        }
    }

    @AfterAll
    static void destroy() {
        if (!instance.isEmpty()) {
            stack.client(2).delete("/instances/" + instance);
        }
    }

    private static String word() {
        return "w" + Integer.toString(ThreadLocalRandom.current().nextInt(1_000_000, 9_999_999), 36);
    }

    /** What any replica of the gateway answers: a client tries the next one when a connection breaks. */
    private static Client.Answer get(String path) {
        for (int replica = 1; ; replica++) {
            try {
                return stack.client(replica).get(path);
            } catch (UncheckedIOException e) {
                if (replica == 2) {
                    throw e;
                }
            }
        }
    }

    private static boolean isOver(String instance, String task) {
        var answer = get("/instances/" + instance + "/tasks/" + task);
        return answer.status() == 200 && !answer.text("status").equals("processing");
    }

    private static Optional<JsonNode> find(String path, String field, String value) {
        var answer = get(path);
        if (answer.status() != 200) {
            return Optional.empty();
        }
        return StreamSupport.stream(answer.json().spliterator(), false)
                .filter(item -> item.path(field).asText().equals(value))
                .findFirst();
    }

    /** One for all whose creation isn't what is tried. */
    private static String instance() {
        if (instance.isEmpty()) {
            instance = createThroughAKill("killed-" + word());
        }
        return instance;
    }

    private static String createThroughAKill(String name) {
        try {
            return stack.client(1).create(name);
        } catch (UncheckedIOException brokenConnection) {
            // The gateway died after it had accepted: the instance must be there all the same.
        }
        await("the instance " + name + " is healthy")
                .atMost(PATIENCE)
                .ignoreExceptionsInstanceOf(UncheckedIOException.class)
                .until(() -> find("/instances", "name", name)
                        .filter(instance -> instance.path("status").asText().equals("healthy"))
                        .isPresent());
        return find("/instances", "name", name).orElseThrow().path("instanceId").asText();
    }

    private static JsonNode runThroughAKill(Client client, String instance, String prompt) {
        try {
            client.run(instance, prompt);
        } catch (UncheckedIOException brokenConnection) {
            // As above: the task goes on.
        }
        await("the task is over")
                .atMost(PATIENCE)
                .ignoreExceptionsInstanceOf(UncheckedIOException.class)
                .until(() -> find("/instances/" + instance + "/tasks", "prompt", prompt)
                        .filter(task -> !task.path("status").asText().equals("processing"))
                        .isPresent());
        return find("/instances/" + instance + "/tasks", "prompt", prompt).orElseThrow();
    }

    private static void assertOneOutcome(String instance, JsonNode task) {
        var types = Events.of(
                        stack.kafka(), "in10nt.task.events", task.path("taskId").asText())
                .stream()
                .map(Events.Event::type)
                .toList();
        assertThat(types)
                .startsWith("task.queued")
                .containsOnlyOnce("task." + task.path("state").asText());
        assertThat(types)
                .filteredOn(type -> !List.of("task.queued", "task.running").contains(type))
                .hasSize(1);
        var revisions = Events.of(stack.kafka(), "in10nt.instance.events", instance).stream()
                .map(event -> event.headers().get("ce_revision"))
                .toList();
        assertThat(revisions).doesNotHaveDuplicates();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "after-append",
                "after-commit",
                "after-publish",
                "after-machine-create",
                "after-agent-put",
                "at-agent-end"
            })
    void a_death_at_this_point_loses_nothing_and_asks_nothing_twice(String point) {
        var word = word();
        var prompt = "Create a file kill.txt containing " + word;
        boolean isInCreate = point.equals("after-machine-create") || point.equals("after-commit");
        if (isInCreate) {
            stack.dieAt(point);
        }
        var id = isInCreate ? createThroughAKill("kill-" + word) : instance();
        if (!isInCreate) {
            stack.dieAt(point);
        }

        var task = runThroughAKill(stack.client(1), id, prompt);

        assertThat(stack.hasDiedAt(point)).as("something died " + point).isTrue();
        assertThat(task.path("status").asText()).as(task.toString()).isEqualTo("completed");
        assertThat(task.path("attempts").asInt()).isEqualTo(1);
        assertOneOutcome(id, task);
        assertThat(stack.asked(word))
                .as("one call for the file, one for the answer")
                .hasSize(2);
        assertThat(stack.fly()
                        .get("/v1/apps/in10nt/machines?metadata.in10nt_instance=" + id)
                        .json())
                .as("machines of the instance")
                .hasSize(1);
        if (isInCreate) {
            stack.client(2).delete("/instances/" + id);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "api-gateway-1",
                "provisioner-service-1",
                "task-service-1",
                "machines-local",
                "kafka",
                "postgresql"
            })
    void a_kill_in_the_middle_of_a_run_leaves_one_outcome_and_the_next_run_works(String victim) {
        var word = word();
        var id = instance();
        var task = stack.client(1).runAsync(id, "Wait 3 seconds and create a file v.txt containing " + word);
        await().atMost(PATIENCE).until(() -> !stack.asked(word).isEmpty());

        stack.kill(victim);

        await(victim + " was killed; the task is over")
                .atMost(PATIENCE)
                .ignoreExceptionsInstanceOf(UncheckedIOException.class)
                .until(() -> isOver(id, task));
        var ended = get("/instances/" + id + "/tasks/" + task).json();
        assertThat(ended.path("status").asText()).as(ended.toString()).isEqualTo("completed");
        assertOneOutcome(id, ended);
        assertThat(stack.asked(word)).hasSize(2);
        // By the other gateway: the killed one may not listen yet, and a refused connection is no accepted request.
        var next = runThroughAKill(stack.client(2), id, "Create a file next.txt containing next-" + word);
        assertThat(next.path("status").asText()).as(next.toString()).isEqualTo("completed");
    }

    @Test
    void an_api_key_asked_for_twice_with_one_key_is_one_and_its_secret_is_kept_nowhere() throws IOException {
        var body = "{\"name\":\"twice\",\"scopes\":[\"read\"]}";
        String[] headers = {"Content-Type", "application/json", "Idempotency-Key", "key-" + word()};

        var first = stack.client(1).send("POST", "/keys", body, headers);
        var second = stack.client(2).send("POST", "/keys", body, headers);
        var other = stack.client(2).send("POST", "/keys", body.replace("twice", "thrice"), headers);

        assertThat(first.status()).as(first.toString()).isEqualTo(201);
        assertThat(second.json()).isEqualTo(first.json());
        assertThat(other.status()).isEqualTo(422);
        assertThat(SecretScan.filesHolding(first.text("key"), stack.home())).isEmpty();
    }

    @Test
    void a_request_repeated_with_its_key_after_the_gateway_died_is_the_same_request() {
        var name = "same-" + word();
        var body = "{\"name\":\"" + name + "\",\"description\":\"d\"}";
        String[] headers = {"Content-Type", "application/json", "Idempotency-Key", name};
        stack.dieAt("after-append");
        assertThatThrownBy(() -> stack.client(1).send("POST", "/instances", body, headers))
                .isInstanceOf(UncheckedIOException.class);

        var second = stack.client(2).send("POST", "/instances", body, headers);
        var third = stack.client(2).send("POST", "/instances", body, headers);
        var other = stack.client(2).send("POST", "/instances", body.replace("\"d\"", "\"e\""), headers);

        assertThat(second.status()).isEqualTo(201);
        assertThat(second.text("status")).isEqualTo("healthy");
        assertThat(third.body()).isEqualTo(second.body());
        assertThat(other.status()).isEqualTo(422);
        assertThat(other.text("code")).isEqualTo("idempotency_key_reused");
        assertThat(get("/instances?name=" + name).json()).hasSize(1);
        var id = second.text("instanceId");
        assertThat(stack.fly()
                        .get("/v1/apps/in10nt/machines?metadata.in10nt_instance=" + id)
                        .json())
                .hasSize(1);
        stack.client(2).delete("/instances/" + id);
    }

    /** A task whose agent dies while its tool is at work, once it is over. */
    private static JsonNode runAndLoseTheAgent(String instance, String word, int retries) {
        // Asked again, it doesn't wait again.
        var command = "test -e " + word + " || { touch " + word + "; sleep 8; }; echo " + word;
        var run = Map.of("prompt", "Run the command `" + command + "`", "retries", retries, "async", true);
        var task = stack.client(1).post("/instances/" + instance + "/run", run).text("taskId");
        await().atMost(PATIENCE).until(() -> !stack.asked(word).isEmpty());
        var machine = stack.fly()
                .get("/v1/apps/in10nt/machines?metadata.in10nt_instance=" + instance)
                .json()
                .path(0)
                .path("id")
                .asText();
        await().atMost(PATIENCE).until(() -> isToolRunning(machine));
        stack.fly().post("/v1/apps/in10nt/machines/" + machine + "/exec", Map.of("cmd", "pkill -9 opencode"));
        // Its tool outlives it, and is not to be taken for the next one's.
        stack.fly().post("/v1/apps/in10nt/machines/" + machine + "/exec", Map.of("cmd", "pkill -9 -x sleep"));
        await().atMost(PATIENCE).until(() -> isOver(instance, task));
        return get("/instances/" + instance + "/tasks/" + task).json();
    }

    @Test
    void an_agent_that_dies_while_a_tool_works_is_asked_again_where_its_caller_allowed_it() {
        var word = word();
        var id = instance();

        var ended = runAndLoseTheAgent(id, word, 1);

        assertThat(ended.path("status").asText()).as(ended.toString()).isEqualTo("completed");
        assertThat(ended.path("response").asText()).contains(word);
        assertThat(ended.path("attempts").asInt()).isEqualTo(2);
        assertThat(stack.asked(word))
                .as("lost once, then one for the tool, one for the answer")
                .hasSize(3);
        assertOneOutcome(id, ended);
    }

    @Test
    void an_agent_that_dies_while_a_tool_works_is_lost_and_not_asked_again() {
        var word = word();
        var id = instance();

        var ended = runAndLoseTheAgent(id, word, 0);

        assertThat(ended.path("error").path("code").asText())
                .as(ended.toString())
                .isEqualTo("agent_lost");
        assertThat(stack.asked(word)).hasSize(1);
        assertOneOutcome(id, ended);
        assertThat(runThroughAKill(stack.client(1), id, "hello " + word)
                        .path("status")
                        .asText())
                .isEqualTo("completed");
    }

    private static boolean isToolRunning(String machine) {
        return stack.fly()
                .post("/v1/apps/in10nt/machines/" + machine + "/exec", Map.of("cmd", "pgrep -x sleep"))
                .text("exit_code")
                .equals("0");
    }

    @Test
    void a_machine_that_dies_comes_back_and_its_run_is_continued() {
        var word = word();
        var id = instance();
        int before = get("/instances/" + id).json().path("generation").asInt();
        var task = stack.client(1).runAsync(id, "Wait 3 seconds and create a file m.txt containing " + word);
        await().atMost(PATIENCE).until(() -> !stack.asked(word).isEmpty());
        var machine = stack.fly()
                .get("/v1/apps/in10nt/machines?metadata.in10nt_instance=" + id)
                .json()
                .path(0)
                .path("id")
                .asText();

        stack.fly().post("/v1/apps/in10nt/machines/" + machine + "/signal", Map.of("signal", "SIGKILL"));

        await().atMost(PATIENCE).until(() -> isOver(id, task));
        var ended = get("/instances/" + id + "/tasks/" + task).json();
        assertThat(ended.path("status").asText()).as(ended.toString()).isEqualTo("completed");
        assertThat(ended.path("attempts").asInt())
                .as("the prompt was given again")
                .isEqualTo(2);
        assertOneOutcome(id, ended);
        assertThat(get("/instances/" + id).json().path("generation").asInt()).isEqualTo(before + 1);
    }
}
