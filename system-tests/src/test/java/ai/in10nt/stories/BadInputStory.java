package ai.in10nt.stories;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bad input gets a problem that names the field and the fix; nothing is half done, no event is written. */
@Isolated
@ExtendWith(SharedStack.class)
class BadInputStory {
    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    @SuppressWarnings("NullAway.Init")
    private static Client client;

    @SuppressWarnings("NullAway.Init")
    private static String instance;

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        client = shared.client();
        instance = client.create("bad-input");
    }

    @AfterAll
    static void cleanUp() {
        client.delete("/instances/" + instance);
    }

    private static long records() {
        return Events.written(
                stack.kafka(),
                List.of(
                        "in10nt.instance.commands",
                        "in10nt.instance.events",
                        "in10nt.task.commands",
                        "in10nt.task.events"));
    }

    private static void assertProblem(Client.Answer answer, int status, String code) {
        assertThat(answer.status()).as(answer.body()).isEqualTo(status);
        assertThat(answer.headers().firstValue("Content-Type")).hasValue("application/problem+json");
        assertThat(answer.text("code")).isEqualTo(code);
        assertThat(answer.json().path("status").asInt()).isEqualTo(status);
        assertThat(answer.text("error")).isEqualTo(answer.text("detail")).isNotEmpty();
        assertThat(answer.body()).doesNotContain("Exception", "ai.in10nt", "java.");
    }

    private static List<String> fields(Client.Answer answer) {
        return StreamSupport.stream(answer.json().path("errors").spliterator(), false)
                .map(error -> error.path("field").asText())
                .toList();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"name\":|malformed_json|",
                "[]|malformed_json|",
                "''|malformed_json|",
                "{\"name\":\"a\",\"description\":\"d\"} x|malformed_json|",
                "{}|invalid_request|name",
                "{\"name\":\"a\"}|invalid_request|description",
                "{\"name\":7,\"description\":\"d\"}|invalid_request|name",
                "{\"name\":\"a\\u0007b\",\"description\":\"d\"}|invalid_request|name",
                "{\"name\":\"a\\u0000b\",\"description\":\"d\"}|invalid_request|name",
                "{\"name\":\" a\",\"description\":\"d\"}|invalid_request|name",
                "{\"name\":\"\",\"description\":\"d\"}|invalid_request|name",
                "{\"name\":\"a\",\"description\":\"d\",\"vmSize\":\"huge\"}|invalid_request|vmSize",
                "{\"name\":\"a\",\"description\":\"d\",\"region\":\"mars\"}|invalid_request|region",
                "{\"name\":\"a\",\"description\":\"d\",\"agentType\":\"copilot\"}|invalid_request|agentType",
                "{\"name\":\"a\",\"description\":\"d\",\"env\":{\"A-B\":\"x\"}}|invalid_request|env",
                "{\"name\":\"a\",\"description\":\"d\",\"env\":{\"A\":1}}|invalid_request|env.A",
                "{\"name\":\"a\",\"description\":\"d\",\"env\":[]}|invalid_request|env",
                "{\"name\":\"a\",\"description\":\"d\",\"env\":{\"IN10NT_X\":\"1\"}}|invalid_request|env.IN10NT_X",
                "{\"name\":\"a\",\"description\":\"d\",\"labels\":{\"\":\"x\"}}|invalid_request|labels",
            })
    void a_bad_create_names_the_field_and_writes_nothing(String body, String code, String field) {
        long before = records();

        var answer = client.send("POST", "/instances", body);

        assertProblem(answer, 400, code);
        if (field != null) {
            assertThat(fields(answer)).contains(field);
        }
        assertThat(records()).isEqualTo(before);
    }

    @Test
    void every_bad_field_is_named_at_once() {
        var answer = client.send(
                "POST",
                "/instances",
                "{\"name\":\"\",\"vmSize\":\"huge\",\"region\":\"mars\",\"agentType\":5,\"env\":{\"1\":\"x\"}}");

        assertProblem(answer, 400, "invalid_request");
        assertThat(fields(answer)).contains("name", "description", "vmSize", "region", "agentType", "env");
    }

    @Test
    void names_have_64_characters_in_any_script() {
        var longest = "日".repeat(63) + "本";

        var tooLong = client.send("POST", "/instances", "{\"name\":\"" + longest + "x\",\"description\":\"d\"}");
        var taken = client.send("POST", "/instances", "{\"name\":\"" + longest + "\",\"description\":\"d\"}");

        assertProblem(tooLong, 400, "invalid_request");
        assertThat(taken.status()).isEqualTo(201);
        assertThat(taken.text("name")).isEqualTo(longest);
        client.delete("/instances/" + taken.text("instanceId"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{}|prompt",
                "{\"prompt\":\"\"}|prompt",
                "{\"prompt\":\"  \"}|prompt",
                "{\"prompt\":[\"a\"]}|prompt",
                "{\"prompt\":\"a\",\"timeout\":\"soon\"}|timeout",
                "{\"prompt\":\"a\",\"timeout\":-1}|timeout",
                "{\"prompt\":\"a\",\"timeout\":1.5}|timeout",
                "{\"prompt\":\"a\",\"max_tokens\":0}|max_tokens",
                "{\"prompt\":\"a\",\"async\":\"yes\"}|async",
                "{\"prompt\":\"a\",\"model\":\"a b\"}|model",
                "{\"prompt\":\"a\",\"system\":7}|system",
            })
    void a_bad_run_names_the_field_and_writes_nothing(String body, String field) {
        long before = records();

        var answer = client.send("POST", "/instances/" + instance + "/run", body);

        assertProblem(answer, 400, "invalid_request");
        assertThat(fields(answer)).contains(field);
        assertThat(records()).isEqualTo(before);
        assertThat(client.get("/instances/" + instance + "/tasks").json()).isEmpty();
    }

    @Test
    void large_bodies_and_prompts_are_413() {
        var prompt = "x".repeat(1024 * 1024 + 1);
        var body = "{\"prompt\":\"" + prompt + "\"}";

        assertProblem(client.send("POST", "/instances/" + instance + "/run", body), 413, "prompt_too_large");
        assertProblem(
                client.send("POST", "/instances", "{\"name\":\"" + "x".repeat(3 * 1024 * 1024) + "\"}"),
                413,
                "too_large");
    }

    @ParameterizedTest
    @CsvSource({
        "GET /instances HTTP/1.1, 431, headers_too_large",
        "GET /, 414, uri_too_long",
        "this is no HTTP, 400, bad_request",
    })
    void what_is_no_request_is_answered_although_the_client_still_sends(String start, int status, String code)
            throws IOException {
        var gateway = URI.create(stack.baseUrl());
        try (var socket = new Socket(gateway.getHost(), gateway.getPort())) {
            socket.setSoTimeout(10_000);
            var out = socket.getOutputStream();
            out.write((start + (status == 431 ? "\r\nX-Large: " : "")).getBytes(US_ASCII));
            var more = "x".repeat(1024 * 1024).getBytes(US_ASCII);
            for (int i = 0; i < 5 && status != 400; i++) {
                out.write(more);
            }
            out.write("\r\n\r\n".getBytes(US_ASCII));
            var answer = new String(socket.getInputStream().readAllBytes(), US_ASCII);

            assertThat(answer).startsWith("HTTP/1.1 " + status + " ").contains("\"code\":\"" + code + "\"");
        }
    }

    @Test
    void what_isnt_built_says_so_and_does_nothing() {
        long before = records();

        var answer = client.send(
                "POST",
                "/instances",
                "{\"name\":\"a\",\"description\":\"d\",\"snapshotId\":\"snap_1\",\"vmImage\":\"x\"}");

        assertProblem(answer, 501, "not_implemented");
        assertThat(fields(answer)).containsExactly("vmImage", "snapshotId");
        assertThat(records()).isEqualTo(before);
        assertProblem(client.send("POST", "/instances/" + instance + "/snapshot", "{}"), 501, "not_implemented");
        for (var path : List.of("/templates", "/saved-templates")) {
            assertProblem(client.get(path), 501, "not_implemented");
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{}",
                "{\"ports\":[]}",
                "{\"ports\":[0]}",
                "{\"ports\":[22]}",
                "{\"ports\":[65536]}",
                "{\"ports\":[\"3000\"]}",
                "{\"ports\":3000}"
            })
    void ports_that_cannot_be_are_refused_by_their_field(String body) {
        var answer =
                client.send("POST", "/instances/" + instance + "/open-ports", body, "Content-Type", "application/json");

        assertProblem(answer, 400, "invalid_request");
        assertThat(fields(answer)).containsExactly("ports");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/instances/nope",
                "/instances/inst_00000000000000000000000000",
                "/instances/%00",
                "/instances/..%2f..%2fetc",
                "/instances/inst_00000000000000000000000000/tasks",
                "/instances/inst_00000000000000000000000000/health",
                "/instances/by-name/nobody",
                "/nowhere",
            })
    void unknown_things_are_404(String path) {
        assertThat(client.get(path).status()).isEqualTo(404);
        assertThat(client.get(path).headers().firstValue("Content-Type")).hasValue("application/problem+json");
    }

    @Test
    void without_a_key_nothing_is_answered_but_health() {
        var stranger = stack.client("not-a-key");

        assertProblem(stranger.get("/instances"), 401, "unauthorized");
        assertProblem(stranger.get("/nowhere"), 401, "unauthorized");
        assertThat(stranger.get("/health").json().path("status").asText()).isEqualTo("healthy");
    }

    @Test
    void a_key_without_the_scope_is_403() {
        var created = client.send("POST", "/keys", "{\"name\":\"reader\",\"scopes\":[\"read\"]}");
        var reader = stack.client(created.text("key"));

        assertThat(reader.get("/instances/" + instance).status()).isEqualTo(200);
        assertProblem(reader.post("/instances/" + instance + "/stop"), 403, "insufficient_scope");
        assertProblem(reader.get("/keys"), 403, "insufficient_scope");
        client.delete("/keys/" + created.text("keyId"));
        assertProblem(reader.get("/instances"), 401, "unauthorized");
    }

    @Test
    void lists_are_paged_by_links() {
        var first = client.get("/instances?limit=1");
        JsonNode page = first.json();

        assertThat(page).hasSize(1);
        assertThat(first.headers().firstValue("Link").orElse(""))
                .contains("cursor=")
                .contains("rel=\"next\"");
        assertProblem(client.get("/instances?limit=1001"), 400, "invalid_request");
        assertProblem(client.get("/instances?cursor=x"), 400, "invalid_request");
    }
}
