package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Integrations: given at create, in the agent's environment at once, rotated, dropped, forgotten; partners are asked. */
@ExtendWith(SharedStack.class)
class IntegrationStory {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    @SuppressWarnings("NullAway.Init")
    private static Client client;

    private static String id = "";

    /** Values that are right by their looks; Discord's only agent isn't built. */
    record Sample(String name, Map<String, String> env) {
        @Override
        public String toString() {
            return name;
        }
    }

    static Stream<Sample> samples() {
        return Stream.of(
                new Sample("Slack", Map.of("SLACK_BOT_TOKEN", "xoxb-canary-slack-1")),
                new Sample("GitHub", Map.of("GITHUB_TOKEN", "ghp_canarygithub1")),
                new Sample("Notion", Map.of("NOTION_API_TOKEN", "ntn_canarynotion1")),
                new Sample("Telegram", Map.of("TELEGRAM_BOT_TOKEN", "123456:canarytelegram-AAAAAAAAAAAAAAAAAAAAAAA")),
                new Sample(
                        "Jira",
                        Map.of(
                                "JIRA_BASE_URL", "https://example.atlassian.net",
                                "JIRA_EMAIL", "me@example.com",
                                "JIRA_API_TOKEN", "canaryjira1")),
                new Sample(
                        "Voice",
                        Map.of(
                                "TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001",
                                "TWILIO_AUTH_TOKEN", "00000000000000000000000000000001",
                                "TWILIO_FROM_NUMBER", "+12345678901",
                                "ELEVENLABS_API_KEY", "canaryelevenlabs1",
                                "ELEVENLABS_VOICE_ID", "voice1")));
    }

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        client = shared.client(shared.newKey("integrations"));
        id = create(List.of("GitHub"), Map.of("GITHUB_TOKEN", "ghp_canaryfirst"));
    }

    @AfterAll
    static void destroy() {
        client.delete("/instances/" + id);
    }

    private static String create(List<String> names, Map<String, String> env) {
        var answer = client.post(
                "/instances",
                Map.of("name", "integrated", "description", "d", "integrations", names, "integrationEnv", env));
        assertThat(answer.status()).as(answer.toString()).isEqualTo(201);
        assertThat(answer.text("status")).isEqualTo("healthy");
        return answer.text("instanceId");
    }

    private static Client.Answer set(Map<String, ?> body) {
        return client.post("/instances/" + id + "/integrations", body);
    }

    private static JsonNode one(Client.Answer answer, String name) {
        assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
        return StreamSupport.stream(answer.json().path("integrations").spliterator(), false)
                .filter(integration -> integration.path("name").asText().equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " isn't in " + answer));
    }

    private static Client.Answer get() {
        return client.get("/instances/" + id + "/integrations");
    }

    private static void awaitApplied() {
        await("the agent has them")
                .atMost(PATIENCE)
                .until(() -> get().json().path("applied").asText().equals("true"));
    }

    /** What a command sees of a variable. */
    private static String variable(String instance, String name) {
        return client.post("/instances/" + instance + "/execute", Map.of("command", "printf %s \"$" + name + "\""))
                .text("stdout");
    }

    @Test
    void given_at_create_it_is_there_with_the_first_command_and_its_value_nowhere_else() throws IOException {
        var first = "ghp_canary5d1f0c7a";
        var second = "ghp_canary9b2e4d6f";
        var fresh = create(List.of("GitHub", "Slack"), Map.of("GITHUB_TOKEN", first, "SLACK_BOT_TOKEN", "xxx"));
        var integrations = "/instances/" + fresh + "/integrations";

        assertThat(variable(fresh, "GITHUB_TOKEN")).isEqualTo(first);
        assertThat(variable(fresh, "SLACK_BOT_TOKEN")).isEqualTo("xxx");
        var told = client.get(integrations);
        assertThat(one(told, "GitHub").path("status").asText()).isEqualTo("ready");
        assertThat(one(told, "Slack").path("warnings").path(0).path("variable").asText())
                .isEqualTo("SLACK_BOT_TOKEN");
        assertThat(told.json().path("applied").asText()).isEqualTo("true");
        // git asks for a password, and is told the token: it is in no file of its own.
        assertThat(client.post(
                                "/instances/" + fresh + "/execute",
                                Map.of("command", "eval \"${GIT_CONFIG_VALUE_0#!}\" get; env | grep GIT_CONFIG_KEY"))
                        .text("stdout"))
                .contains("username=x-access-token\npassword=" + first + "\n")
                .contains("GIT_CONFIG_KEY_0=credential.https://github.com.helper");
        client.post(
                integrations,
                Map.of(
                        "integrations",
                        List.of("GitHub"),
                        "integrationEnv",
                        Map.of("GITHUB_TOKEN", second),
                        "verify",
                        true));
        // What a boot forgets it is given again.
        client.post("/instances/" + fresh + "/restart");
        assertThat(variable(fresh, "GITHUB_TOKEN")).isEqualTo(second);

        client.post("/instances/" + fresh + "/execute", Map.of("command", "echo $GITHUB_TOKEN; echo printed"));
        var printed = new LogReader(
                        stack.baseUrl() + "/instances/" + fresh + "/logs?from=start", stack.newKey("integrations"))
                .readUntil(line -> line.path("message").asText().equals("printed"), PATIENCE);
        assertThat(printed.messages()).contains("***");
        for (var value : List.of(first, second)) {
            assertThat(SecretScan.filesHolding(value, stack.home())).as(value).isEmpty();
            assertThat(printed.lines().toString()).doesNotContain(value);
            assertThat(client.get(integrations).body()).doesNotContain(value);
        }
        client.delete("/instances/" + fresh);
        assertThat(client.get(integrations).text("code")).isEqualTo("instance_destroyed");
    }

    /** All partners together, each asserted for itself: every change costs a start of the agent. */
    @Test
    void they_are_set_checked_by_their_partners_rotated_dropped_and_forgotten() {
        var names = samples().map(Sample::name).toList();
        var first = new HashMap<String, String>();
        samples().forEach(sample -> first.putAll(sample.env()));

        var isSet = set(Map.of("integrations", names, "integrationEnv", first, "verify", true));

        samples().forEach(sample -> {
            var one = one(isSet, sample.name());
            assertThat(one.path("status").asText()).as(one.toString()).isEqualTo("ready");
            assertThat(one.path("verifiedAt").asText()).as(one.toString()).isNotEmpty();
            assertThat(one.path("variables")).hasSize(sample.env().size());
        });
        assertThat(client.get("/instances/" + id).json().path("integrations").toString())
                .isEqualTo(Json.text(names));
        awaitApplied();
        first.forEach((name, value) -> assertThat(variable(id, name)).isEqualTo(value));

        var rotated = new HashMap<String, String>();
        first.forEach((name, value) -> {
            if (name.matches(".*(TOKEN|KEY)")) {
                rotated.put(name, value + "-rotated");
            }
        });
        var checked = set(Map.of("integrations", names, "integrationEnv", rotated));
        samples()
                .forEach(sample -> assertThat(one(checked, sample.name()).has("verifiedAt"))
                        .as(sample + ": what was said of the old values doesn't count for the new ones")
                        .isFalse());
        // By the agent's own environment: it may not say the values, so it says what they end with.
        var ends = client.run(
                        id,
                        "Run the command `for v in " + String.join(" ", rotated.keySet())
                                + "; do eval x=\\$$v; echo $v ${x##*-}; done`")
                .text("response");
        rotated.keySet().forEach(name -> assertThat(ends).contains(name + " rotated"));
        rotated.forEach((name, value) -> assertThat(variable(id, name)).isEqualTo(value));

        set(Map.of("integrations", List.of()));
        awaitApplied();
        first.keySet().forEach(name -> assertThat(variable(id, name)).isEmpty());
        var again = set(Map.of("integrations", names));
        samples().forEach(sample -> {
            assertThat(one(again, sample.name()).path("status").asText()).isEqualTo("incomplete");
            assertThat(one(again, sample.name()).path("missing")).isNotEmpty();
        });
    }

    @Test
    void what_partners_say_of_a_credential_is_told_in_their_own_words() {
        var said = Map.of(
                "ghp_wrong", "invalid/github: Bad credentials",
                "ghp_limited", "unverified/github: asked too often",
                "ghp_down", "unverified/github: status 503",
                "ghp_slow", "unverified/github: it didn't answer in time",
                "ghp_moved", "unverified/github: status 302",
                "ghs_app", "ready/");
        said.forEach((token, expected) -> {
            long began = System.nanoTime();
            var github = one(
                    set(Map.of(
                            "integrations",
                            List.of("GitHub"),
                            "integrationEnv",
                            Map.of("GITHUB_TOKEN", token),
                            "verify",
                            true)),
                    "GitHub");
            assertThat(github.path("status").asText() + "/"
                            + github.path("error").asText(""))
                    .as(token)
                    .startsWith(expected);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
        });
        var poor = one(
                set(Map.of(
                        "integrations",
                        List.of("GitHub"),
                        "integrationEnv",
                        Map.of("GITHUB_TOKEN", "ghp_poor"),
                        "verify",
                        true)),
                "GitHub");
        assertThat(poor.path("status").asText()).isEqualTo("ready");
        assertThat(poor.path("warnings").path(0).path("message").asText()).isEqualTo("the token lacks the scope repo");
        assertThat(poor.path("verifiedAt").asText()).endsWith("Z");
    }

    @Test
    void discord_is_refused_on_opencode_and_bad_input_by_its_field() {
        var discord = Map.of("DISCORD_BOT_TOKEN", "xxx", "DISCORD_GUILD_ID", "xxx", "DISCORD_CHANNEL_ID", "xxx");
        assertThat(set(Map.of("integrations", List.of("Discord"), "integrationEnv", discord))
                        .text("code"))
                .isEqualTo("discord_requires_moltbot");
        var refused = client.send(
                "POST",
                "/instances",
                Json.text(Map.of(
                        "name",
                        "a",
                        "description",
                        "d",
                        "integrations",
                        List.of("Discord"),
                        "integrationEnv",
                        discord)));
        assertThat(refused.status()).isEqualTo(422);

        for (var bad : List.of(
                "{}/integrations",
                "{\"integrations\":\"GitHub\"}/integrations",
                "{\"integrations\":[\"github\"]}/integrations",
                "{\"integrations\":[\"GitHub\"],\"integrationEnv\":{\"GITHUB_TOKEN\":\"\"}}/integrationEnv.GITHUB_TOKEN",
                "{\"integrations\":[\"GitHub\"],\"integrationEnv\":{\"GITHUB_TOKEN\":\"a\\nb\"}}/integrationEnv.GITHUB_TOKEN",
                "{\"integrations\":[\"GitHub\"],\"integrationEnv\":{\"SLACK_BOT_TOKEN\":\"x\"}}/integrationEnv.SLACK_BOT_TOKEN",
                "{\"integrations\":[\"GitHub\"],\"integrationEnv\":{\"NOBODYS\":\"x\"}}/integrationEnv.NOBODYS",
                "{\"integrations\":[\"GitHub\"],\"integrationEnv\":{\"GITHUB_TOKEN\":1}}/integrationEnv.GITHUB_TOKEN",
                "{\"integrations\":[\"Jira\"],\"integrationEnv\":{\"JIRA_BASE_URL\":\"jira\"}}/integrationEnv.JIRA_BASE_URL",
                "{\"integrations\":[\"GitHub\"],\"integrationEnv\":{\"GITHUB_TOKEN\":\"" + "x".repeat(9000)
                        + "\"}}/integrationEnv.GITHUB_TOKEN",
                "{\"integrations\":[],\"verify\":\"yes\"}/verify")) {
            int slash = bad.lastIndexOf('/');
            var answer = client.send("POST", "/instances/" + id + "/integrations", bad.substring(0, slash));
            assertThat(answer.status()).as(bad).isEqualTo(400);
            assertThat(answer.json().path("errors").path(0).path("field").asText())
                    .isEqualTo(bad.substring(slash + 1));
        }
        var missing = client.post(
                "/instances",
                Map.of(
                        "name",
                        "a",
                        "description",
                        "d",
                        "integrations",
                        List.of("Jira", "Voice"),
                        "integrationEnv",
                        Map.of("JIRA_EMAIL", "a@b", "ELEVENLABS_API_KEY", "x")));
        assertThat(missing.status()).isEqualTo(400);
        assertThat(StreamSupport.stream(missing.json().path("errors").spliterator(), false)
                        .map(error -> error.path("field").asText().substring("integrationEnv.".length())))
                .containsExactly(
                        "JIRA_BASE_URL",
                        "JIRA_API_TOKEN",
                        "TWILIO_ACCOUNT_SID",
                        "TWILIO_AUTH_TOKEN",
                        "TWILIO_FROM_NUMBER",
                        "ELEVENLABS_VOICE_ID");
    }
}
