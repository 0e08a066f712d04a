package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.in10nt.contracts.Topic;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A value of its own in every field that takes a secret, everything used, and then a look everywhere: it is nowhere. */
@ExtendWith(SharedStack.class)
class SecretStory {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    /** All that was answered, but to {@code execute}: that is the user's own command. */
    private final List<String> answers = new ArrayList<>();

    private final Map<String, String> env = Map.of("MY_PASSWORD", canary("env"));

    /** Every variable of every integration that is secret, twice: as given first and as given later. */
    private final Map<String, String> first = integrationEnv();

    private final Map<String, String> second = integrationEnv();
    private final List<String> canaries = new ArrayList<>();

    private static String canary(String name) {
        return "canary" + name.toLowerCase(java.util.Locale.ROOT).replace("_", "")
                + Long.toString(System.nanoTime(), 36);
    }

    private static Map<String, String> integrationEnv() {
        var values = new TreeMap<String, String>();
        for (var name : List.of(
                "SLACK_BOT_TOKEN",
                "GITHUB_TOKEN",
                "NOTION_API_TOKEN",
                "TELEGRAM_BOT_TOKEN",
                "JIRA_API_TOKEN",
                "TWILIO_AUTH_TOKEN",
                "ELEVENLABS_API_KEY")) {
            values.put(name, canary(name));
        }
        return values;
    }

    /** What isn't secret of them. */
    private static final Map<String, String> OTHERS = Map.of(
            "JIRA_BASE_URL", "https://example.atlassian.net",
            "JIRA_EMAIL", "me@example.com",
            "TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001",
            "TWILIO_FROM_NUMBER", "+12345678901",
            "ELEVENLABS_VOICE_ID", "voice");

    private static final List<String> NAMES = List.of("Slack", "GitHub", "Notion", "Telegram", "Jira", "Voice");

    private static Map<String, String> with(Map<String, String> secrets) {
        var all = new TreeMap<>(OTHERS);
        all.putAll(secrets);
        return all;
    }

    private Client.Answer kept(Client.Answer answer) {
        answers.add(answer.body() + answer.headers().map());
        return answer;
    }

    @Test
    void what_is_planted_in_every_secret_field_is_found_nowhere(TestStack stack) throws Exception {
        var key = stack.newKey("secrets");
        var client = stack.client(key);
        canaries.addAll(env.values());
        canaries.addAll(first.values());
        canaries.addAll(second.values());
        var created = kept(create(client));
        assertThat(created.status()).as(created.toString()).isEqualTo(201);
        var path = "/instances/" + created.text("instanceId");

        use(client, path);
        misuse(stack, client, path);
        var newKey = stack.client().post("/keys", Map.of("name", "shown once", "scopes", List.of("read")));
        assertThat(newKey.status()).as(newKey.toString()).isEqualTo(201);
        canaries.add(newKey.text("key"));
        var log = new LogReader(stack.baseUrl() + path + "/logs?from=start", key)
                .readUntil(line -> line.path("message").asText().equals("printed again"), PATIENCE);
        assertThat(log.messages()).contains("MY_PASSWORD=***", "GITHUB_TOKEN=***");
        answers.add(log.lines().toString());
        kept(stack.client().get("/keys"));
        // Without a sandbox, machines are in our namespace too.
        if (!TestStack.read(stack.home().resolve("machines/driver")).startsWith("process")) {
            assertThat(processes()).as("outside of machines").isEmpty();
        }
        kept(client.delete(path));
        kept(client.get(path + "/integrations"));

        assertThat(canaries).allMatch(canary -> canary.length() > 10);
        for (var canary : canaries) {
            assertThat(answers).as("answers and streams").noneMatch(answer -> answer.contains(canary));
        }
        assertThat(SecretScan.filesHolding(canaries, stack.home()))
                .as("files of the stack: databases, topics, logs")
                .isEmpty();
        assertThat(records(stack)).as("records").isEmpty();
        assertThat(rows(stack)).as("rows").isEmpty();
    }

    private Client.Answer create(Client client) {
        return client.post(
                "/instances",
                Map.of(
                        "name",
                        "canary",
                        "description",
                        "d",
                        "env",
                        env,
                        "integrations",
                        NAMES,
                        "integrationEnv",
                        with(first)));
    }

    private void use(Client client, String path) {
        client.post(
                path + "/execute",
                Map.of(
                        "command",
                        "env | grep -E '_TOKEN|_KEY|PASSWORD'; echo $MY_PASSWORD >password.txt; echo printed"));
        kept(client.run(path.substring("/instances/".length()), "Run the command `env | sort`"));
        kept(client.post(
                path + "/run",
                Map.of(
                        "prompt",
                        "hello",
                        "tools",
                        List.of(Map.of(
                                "name",
                                "mine",
                                "url",
                                "http://127.0.0.1:9/mcp",
                                "headers",
                                Map.of("Authorization", "Bearer ${GITHUB_TOKEN}"))))));
        kept(client.post(
                path + "/integrations", Map.of("integrations", NAMES, "integrationEnv", with(second), "verify", true)));
        await("the agent has the new ones")
                .atMost(PATIENCE)
                .until(() -> kept(client.get(path + "/integrations"))
                        .json()
                        .path("applied")
                        .asText()
                        .equals("true"));
        client.post(path + "/restart");
        client.post(path + "/execute", Map.of("command", "env | grep -E '_TOKEN|_KEY|PASSWORD'; echo printed again"));
        for (var read : List.of("", "/tools", "/mcp-config", "/changes", "/ports", "/tasks", "/tree", "/health")) {
            assertThat(kept(client.get(path + read)).status()).as(read).isEqualTo(200);
        }
        kept(client.send("GET", path + "/logs?limit=1000", null, "Accept", "application/json"));
        kept(client.get("/instances"));
        kept(client.get("/tasks"));
        client.send("DELETE", path + "/files/password.txt", null);
    }

    /** What is refused, and what can't be understood, mustn't be told of with its secrets either. */
    private void misuse(TestStack stack, Client client, String path) {
        var bad = new TreeMap<String, Object>(with(second));
        bad.put("NOBODYS_TOKEN", canary("nobodys"));
        bad.put("JIRA_BASE_URL", "not an address " + canary("jira"));
        bad.values().stream()
                .map(String::valueOf)
                .filter(value -> value.contains("canary"))
                .forEach(value -> canaries.add(value.substring(value.indexOf("canary"))));
        kept(client.post(path + "/integrations", Map.of("integrations", NAMES, "integrationEnv", bad)));
        kept(client.post(
                "/instances",
                Map.of(
                        "name",
                        "canary",
                        "description",
                        "d",
                        "env",
                        Map.of("1", env.values().iterator().next()))));
        // The name is taken: its integrations were set before that was found.
        kept(create(client));
        // As they came, sealed, they are dead letters.
        var commands = Events.all(stack.kafka(), Topic.INTEGRATION_COMMANDS.topicName());
        assertThat(commands).isNotEmpty();
        Events.send(
                stack.kafka(),
                Topic.INTEGRATION_COMMANDS.topicName(),
                Map.of("ce_type", "integration.explode"),
                commands.getLast().value());
        kept(client.send(
                "POST",
                path + "/integrations",
                "{\"integrationEnv\":{\"GITHUB_TOKEN\":\"" + first.get("GITHUB_TOKEN") + "\"},,}"));
    }

    private boolean holds(@Nullable String text) {
        return text != null && canaries.stream().anyMatch(text::contains);
    }

    /** Of every process but those inside of machines: in another namespace than this one. */
    private List<String> processes() {
        var mine = pidNamespace(ProcessHandle.current().pid());
        return ProcessHandle.allProcesses()
                .filter(process -> mine.equals(pidNamespace(process.pid())))
                .filter(process -> holds(proc(process.pid(), "cmdline")) || holds(proc(process.pid(), "environ")))
                .map(process -> process.pid() + " " + process.info().command().orElse(""))
                .toList();
    }

    private static String pidNamespace(long pid) {
        try {
            return Files.readSymbolicLink(Path.of("/proc/" + pid + "/ns/pid")).toString();
        } catch (IOException goneOrAnothers) {
            return "";
        }
    }

    private static String proc(long pid, String file) {
        try {
            return new String(Files.readAllBytes(Path.of("/proc/" + pid + "/" + file)), StandardCharsets.UTF_8);
        } catch (IOException goneOrAnothers) {
            return "";
        }
    }

    private List<String> records(TestStack stack) {
        var found = new ArrayList<String>();
        for (var topic : Topic.values()) {
            for (var event : Events.all(stack.kafka(), topic.topicName())) {
                if (holds(event.value())
                        || holds(event.key())
                        || holds(event.headers().toString())) {
                    found.add(topic.topicName() + " " + event.headers());
                }
            }
        }
        return found;
    }

    /** As text, where files may have them compressed. */
    private List<String> rows(TestStack stack) throws SQLException {
        var found = new ArrayList<String>();
        int looked = 0;
        for (JsonNode database : stack.status().path("databases")) {
            try (var connection = DriverManager.getConnection(
                            database.path("url").asText(),
                            database.path("user").asText(),
                            database.path("password").asText());
                    var tables = connection.getMetaData().getTables(null, "public", "%", new String[] {"TABLE"})) {
                while (tables.next()) {
                    var table = tables.getString("TABLE_NAME");
                    try (var query = connection.createStatement();
                            var rows = query.executeQuery("select t::text from \"" + table + "\" t")) {
                        while (rows.next()) {
                            looked++;
                            if (holds(rows.getString(1))) {
                                found.add(database.path("name").asText() + "." + table);
                            }
                        }
                    }
                }
            }
        }
        assertThat(looked).isPositive();
        return found;
    }
}
