package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.in10nt.contracts.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a user does inside an instance, beside its agent. */
@ExtendWith(SharedStack.class)
class InsideStory {
    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    @SuppressWarnings("NullAway.Init")
    private static Client client;

    private static String id = "";

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        client = shared.client();
        id = client.post(
                        "/instances",
                        Map.of("name", "inside", "description", "d", "env", Map.of("GREETING", "it's \"me\"")))
                .text("instanceId");
    }

    @AfterAll
    static void destroy() {
        client.delete("/instances/" + id);
    }

    private static String word() {
        return "i" + Integer.toString(ThreadLocalRandom.current().nextInt(1_000_000, 9_999_999), 36);
    }

    private static Client.Answer execute(Map<String, ?> body) {
        return client.post("/instances/" + id + "/execute", body);
    }

    private static Client.Answer execute(String command) {
        return execute(Map.of("command", command));
    }

    @Test
    void a_command_answers_with_its_streams_and_exit_code() {
        var answer = execute("pwd; echo oops >&2; exit 3");

        assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
        assertThat(answer.text("stdout")).isEqualTo("/workspace\n");
        assertThat(answer.text("stderr")).isEqualTo("oops\n");
        assertThat(answer.text("output")).contains("/workspace\n").contains("oops\n");
        assertThat(answer.json().path("exitCode").asInt()).isEqualTo(3);
        assertThat(answer.json().path("timedOut").asBoolean()).isFalse();
        assertThat(answer.json().path("truncated").asBoolean()).isFalse();
        assertThat(answer.json().path("durationMs").asLong()).isBetween(1L, 5000L);
    }

    @Test
    void it_has_the_users_variables_and_is_the_agents_user_who_cannot_read_the_secrets() {
        assertThat(execute("printf %s \"$GREETING\"").text("stdout")).isEqualTo("it's \"me\"");
        assertThat(execute("cat /run/in10nt/agent.json").json().path("exitCode").asInt())
                .isNotZero();
        assertThat(execute("env").text("stdout")).doesNotContain("OPENCODE_SERVER_PASSWORD");
        execute("echo from-outside > shared.txt");
        assertThat(client.run(id, "Run the command `cat shared.txt && touch shared.txt`")
                        .text("response"))
                .contains("from-outside");
    }

    @Test
    void the_agent_brings_all_that_it_needs_and_fetches_nothing() {
        client.run(id, "Create a file fetched.txt containing nothing");

        var home = execute(
                "ls -A \"$HOME/.config/opencode/node_modules\" && ls -d \"$HOME/.npm\"; du -sm \"$HOME\" | cut -f1");
        assertThat(home.text("stdout").strip())
                .as("only the home's size, in MB")
                .matches("\\d");
    }

    @Test
    void what_takes_too_long_is_ended_with_all_that_it_has_started() {
        var word = word();

        var answer = execute(Map.of("command", "sleep 300 & echo " + word + "; sleep 301", "timeout", 700));

        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.json().path("timedOut").asBoolean()).isTrue();
        assertThat(answer.json().path("exitCode").asInt()).isEqualTo(124);
        assertThat(answer.text("stdout")).isEqualTo(word + "\n");
        assertThat(execute("pgrep -c -f 'sleep 30[01]$'").text("stdout").strip())
                .isEqualTo("0");
    }

    @Test
    void what_is_left_running_holds_nobody_up_and_goes_on() {
        var answer = execute("(sleep 2; echo late > late.txt) & echo now");

        assertThat(answer.text("stdout")).isEqualTo("now\n");
        assertThat(answer.json().path("durationMs").asLong()).isLessThan(1900);
        assertThat(execute("sleep 2.5; cat late.txt").text("stdout")).isEqualTo("late\n");
    }

    @Test
    void a_long_output_is_cut_and_says_so() {
        var answer = execute("head -c 3000000 /dev/zero | tr '\\0' x; echo end >&2");

        assertThat(answer.json().path("truncated").asBoolean()).isTrue();
        assertThat(answer.text("stdout")).hasSize(1024 * 1024);
        assertThat(answer.text("stderr")).isEqualTo("end\n");
        assertThat(answer.json().path("exitCode").asInt()).isZero();
    }

    @Test
    void many_long_outputs_at_once_are_no_trouble() {
        var lengths = new ArrayList<Integer>();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 8; i++) {
            threads.add(Thread.ofVirtual().start(() -> {
                var answer =
                        execute("head -c 3000000 /dev/zero | tr '\\0' y; head -c 3000000 /dev/zero | tr '\\0' z >&2");
                synchronized (lengths) {
                    lengths.add(answer.text("stderr").length());
                }
            }));
        }
        threads.forEach(InsideStory::join);

        assertThat(lengths).hasSize(8).containsOnly(1024 * 1024);
    }

    @Test
    void it_waits_longer_than_a_connection_would_and_beside_the_agent() {
        var task = client.runAsync(id, "Wait 3 seconds and create a file beside.txt containing x");

        var answer = execute(Map.of(
                "command",
                "sleep 4; until test -e beside.txt; do sleep 0.2; done; ls beside.txt",
                "cwd",
                "/workspace"));

        assertThat(answer.text("stdout")).as(answer.toString()).isEqualTo("beside.txt\n");
        assertThat(answer.json().path("durationMs").asLong()).isGreaterThan(3500);
        assertThat(task).isNotEmpty();
    }

    @Test
    void the_same_key_is_the_same_execution() {
        var body = Json.text(Map.of("command", "echo x >> once-" + word() + "; sleep 1; cat once-*"));
        String[] headers = {"Content-Type", "application/json", "Idempotency-Key", word()};
        var answers = new ArrayList<String>();
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < 3; i++) {
            threads.add(Thread.ofVirtual().start(() -> {
                var answer = client.send("POST", "/instances/" + id + "/execute", body, headers);
                synchronized (answers) {
                    answers.add(answer.body());
                }
            }));
        }
        threads.forEach(InsideStory::join);

        answers.add(client.send("POST", "/instances/" + id + "/execute", body, headers)
                .body());

        assertThat(answers).hasSize(4).allMatch(answers.getFirst()::equals);
        assertThat(answers.getFirst()).contains("\"stdout\":\"x\\n\"");
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{}|400|command",
                "{\"command\":\" \"}|400|command",
                "{\"command\":7}|400|command",
                "{\"command\":\"a\\u0000b\"}|400|command",
                "{\"command\":\"true\",\"timeout\":0}|400|timeout",
                "{\"command\":\"true\",\"timeout\":3600001}|400|timeout",
                "{\"command\":\"true\",\"cwd\":\"\"}|400|cwd",
                "{\"command\":\"true\",\"cwd\":\"/nowhere\"}|422|cwd"
            })
    void what_cannot_be_executed_is_refused_by_its_field(String body, int status, String field) {
        var answer = client.send("POST", "/instances/" + id + "/execute", body, "Content-Type", "application/json");

        assertThat(answer.status()).as(answer.toString()).isEqualTo(status);
        assertThat(answer.text("detail")).contains(field);
    }

    @Test
    void a_command_of_a_megabyte_is_refused_and_one_of_a_hundred_kilobytes_is_run() {
        assertThat(execute("x".repeat(1024 * 1024)).status()).isEqualTo(400);
        assertThat(execute(": " + "x".repeat(100 * 1024 - 2))
                        .json()
                        .path("exitCode")
                        .asInt())
                .isZero();
    }

    @Test
    void nothing_is_executed_where_nothing_runs() {
        var stopped = client.create("inside-stopped");
        client.post("/instances/" + stopped + "/stop");

        var answer = client.post("/instances/" + stopped + "/execute", Map.of("command", "true"));

        assertThat(answer.status()).isEqualTo(409);
        assertThat(answer.text("code")).isEqualTo("instance_stopped");
        client.delete("/instances/" + stopped);
        assertThat(client.post("/instances/" + stopped + "/execute", Map.of("command", "true"))
                        .text("code"))
                .isEqualTo("instance_destroyed");
    }

    @Test
    void a_name_is_the_only_one_where_that_is_asked_for_however_many_ask_at_once() throws Exception {
        var tenant = stack.client(stack.newKey("unique-" + word()));
        var body = Map.of("name", "only", "description", "d", "uniqueName", true, "ttlMinutes", 30);
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var asked = new ArrayList<Future<Client.Answer>>();
            for (int i = 0; i < 4; i++) {
                asked.add(threads.submit(() -> tenant.post("/instances", body)));
            }
            var made = new ArrayList<Client.Answer>();
            for (var one : asked) {
                if (one.get().status() == 201) {
                    made.add(one.get());
                } else {
                    assertThat(one.get().status()).as(one.get().toString()).isEqualTo(409);
                    assertThat(one.get().text("code")).isEqualTo("name_taken");
                }
            }
            assertThat(made).hasSize(1);
            assertThat(made.getFirst().json().path("ttlMinutes").asInt()).isEqualTo(30);
            assertThat(tenant.get("/instances").json())
                    .as("the refused ones never were")
                    .hasSize(1);
            tenant.delete("/instances/" + made.getFirst().text("instanceId"));
        }
        var again = tenant.post("/instances", body);
        assertThat(again.status()).as("the name is free again").isEqualTo(201);
        tenant.delete("/instances/" + again.text("instanceId"));
        assertThat(tenant.post("/instances", Map.of("name", "x", "description", "d", "ttlMinutes", 0))
                        .text("detail"))
                .contains("ttlMinutes");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"bash|[\"bash\"]", "!write|[\"!write\"]", "none|[]"})
    void the_model_is_offered_the_tools_that_a_run_names(String what, String tools) {
        var word = word();

        var run = client.send(
                "POST",
                "/instances/" + id + "/run",
                "{\"prompt\":\"hello " + word + "\",\"tools\":" + tools + "}",
                "Content-Type",
                "application/json");

        assertThat(run.text("status")).as(run.toString()).isEqualTo("completed");
        var offered = new ArrayList<String>();
        stack.asked(word).getLast().path("tools").forEach(tool -> offered.add(tool.asText()));
        switch (what) {
            case "bash" -> assertThat(offered).containsExactly("bash");
            case "!write" -> assertThat(offered).contains("bash", "edit").doesNotContain("write");
            default -> assertThat(offered).contains("bash", "write");
        }
        assertThat(offered).doesNotContain("question");
    }

    @Test
    void a_tool_that_the_agent_does_not_have_fails_the_run_by_its_name() {
        var run = client.send(
                "POST",
                "/instances/" + id + "/run",
                "{\"prompt\":\"hello\",\"tools\":[\"teleport\"]}",
                "Content-Type",
                "application/json");

        assertThat(run.json().path("error").path("code").asText()).isEqualTo("unknown_tool");
        assertThat(run.json().path("error").path("detail").asText())
                .contains("teleport")
                .contains("bash");
        for (var wrong : List.of("[7]", "\"bash\"", "[\"a b\"]")) {
            assertThat(client.send(
                                    "POST",
                                    "/instances/" + id + "/run",
                                    "{\"prompt\":\"hello\",\"tools\":" + wrong + "}",
                                    "Content-Type",
                                    "application/json")
                            .text("detail"))
                    .startsWith("tools");
        }
    }

    @Test
    void all_tasks_of_the_tenant_are_one_list() {
        var task = client.run(id, "hello").text("taskId");

        var all = client.get("/tasks?status=completed");

        assertThat(all.status()).isEqualTo(200);
        assertThat(all.json().valueStream().map(one -> one.path("taskId").asText()))
                .contains(task);
        assertThat(List.of(
                        client.get("/tasks?limit=0").status(),
                        client.get("/tasks?cursor=x").status()))
                .containsOnly(400);
        assertThat(stack.client(stack.newKey("inside-other")).get("/tasks").json())
                .isEmpty();
    }

    @Test
    void what_the_tenants_tasks_have_used_is_counted_to_the_last_token() {
        var other = stack.client(stack.newKey("usage-" + word()));
        assertThat(other.get("/usage/tokens").body())
                .isEqualTo(
                        "{\"monthlyTokens\":0,\"totalTokens\":0,\"monthlyCost\":0.0,\"totalCost\":0.0,\"lastUsage\":null}");
        var instance = other.create("usage");
        var first = other.run(instance, "hello").json();
        var second = other.run(instance, "Create a file u.txt containing u").json();
        other.delete("/instances/" + instance);

        var used = other.get("/usage/tokens").json();

        long tokens =
                first.path("tokensUsed").asLong() + second.path("tokensUsed").asLong();
        assertThat(used.path("totalTokens").asLong()).isEqualTo(tokens).isPositive();
        assertThat(used.path("totalCost").asDouble())
                .isEqualTo(
                        first.path("usage").path("cost").asDouble()
                                + second.path("usage").path("cost").asDouble(),
                        within(1e-9));
        assertThat(used.path("monthlyTokens").asLong()).isEqualTo(tokens);
        assertThat(used.path("lastUsage").asText())
                .isEqualTo(second.path("completedAt").asText());
        assertThat(other.get("/usage").json()).isEqualTo(used);
        assertThat(other.get("/usage/stats").body())
                .isEqualTo("{\"instances\":{\"destroyed\":1},\"tasks\":{\"completed\":2}}");
        client.post("/admin/rebuild-view");
        assertThat(other.get("/usage/tokens").json()).as("after a rebuild").isEqualTo(used);
    }
}
