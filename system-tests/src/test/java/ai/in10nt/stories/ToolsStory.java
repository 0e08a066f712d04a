package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Json;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Tools that a run brings along: an MCP server and an HTTP endpoint, both in the instance, both wanting its secret. */
@ExtendWith(SharedStack.class)
class ToolsStory {
    private static final String SECRET =
            "hush" + Long.toString(ThreadLocalRandom.current().nextLong(Long.MAX_VALUE), 36);

    private static final String SERVER = """
            const http = require('http');
            http.createServer((q, a) => {
              let body = ''; q.on('data', d => body += d);
              q.on('end', () => {
                if (q.headers.authorization !== 'Bearer ' + process.env.TOOL_TOKEN) { a.writeHead(401); return a.end('who are you?'); }
                if (q.url === '/weather') return a.end('sunny in ' + JSON.parse(body).city + ', ' + q.method + ' ' + q.headers['content-type']);
                if (q.url === '/broken') { a.writeHead(500); return a.end('no weather today'); }
                const call = q.method === 'POST' ? JSON.parse(body) : {};
                const results = {
                  initialize: () => ({ protocolVersion: call.params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 's', version: '1' } }),
                  'tools/list': () => ({ tools: ['add', 'wipe'].map(name => ({ name, inputSchema: { type: 'object' } })) }),
                  'tools/call': () => ({ content: [{ type: 'text', text: 'sum ' + (call.params.arguments.a + call.params.arguments.b) }] }),
                };
                if (!results[call.method]) { a.writeHead(q.method === 'POST' ? 202 : 405); return a.end(); }
                a.setHeader('Content-Type', 'application/json');
                a.end(JSON.stringify({ jsonrpc: '2.0', id: call.id, result: results[call.method]() }));
              });
            }).listen(7001, '127.0.0.1');
            """;

    private static final Map<String, String> HEADERS = Map.of("Authorization", "Bearer ${TOOL_TOKEN}");
    private static final Map<String, Object> MCP =
            Map.of("name", "math", "url", "http://127.0.0.1:7001/mcp", "headers", HEADERS);

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
                        Map.of("name", "tools", "description", "story", "env", Map.of("TOOL_TOKEN", SECRET)))
                .text("instanceId");
        client.send("PUT", "/instances/" + id + "/files/tools.js", SERVER);
        client.post(
                "/instances/" + id + "/execute",
                Map.of(
                        "command",
                        "nohup node tools.js > tools.log 2>&1 & for i in $(seq 100); do"
                                + " (exec 3<>/dev/tcp/127.0.0.1/7001) 2>/dev/null && break; sleep 0.1; done"));
    }

    @AfterAll
    static void destroy() {
        client.delete("/instances/" + id);
    }

    private static Client.Answer run(String prompt, Object... tools) {
        return client.post("/instances/" + id + "/run", Map.of("prompt", prompt, "tools", List.of(tools)));
    }

    private static Map<String, Object> http(String path) {
        return Map.of(
                "name",
                "get_weather",
                "description",
                "The weather of a city.",
                "parameters",
                Json.read("{\"type\":\"object\",\"properties\":{\"city\":{\"type\":\"string\"}}}", Object.class),
                "url",
                "http://127.0.0.1:7001" + path,
                "headers",
                HEADERS);
    }

    private static List<String> offered(String word) {
        var names = new ArrayList<String>();
        stack.asked(word).getLast().path("tools").forEach(name -> names.add(name.asText()));
        return names;
    }

    @Test
    void a_tool_of_an_mcp_server_is_offered_and_called_for_this_run_only() {
        var run = run("Call the tool math_add with `{\"a\":2,\"b\":40}` (mcp)", MCP);

        assertThat(run.text("response")).as(run.toString()).contains("sum 42");
        assertThat(run.json().path("toolsUsed").toString()).isEqualTo("[\"math_add\"]");
        assertThat(offered("(mcp)")).contains("math_add", "math_wipe", "bash");

        run("what tools now? (after)");

        assertThat(offered("(after)")).contains("bash").noneMatch(name -> name.startsWith("math_"));
    }

    @Test
    void an_http_tool_is_posted_the_arguments_and_its_answer_is_told_to_the_model() {
        var run = run("Call the tool http_get_weather with `{\"city\":\"Bern\"}` (http)", http("/weather"));

        assertThat(run.text("response")).as(run.toString()).contains("sunny in Bern, POST application/json");
        var function = stack.asked("(http)")
                .getLast()
                .path("body")
                .path("tools")
                .valueStream()
                .map(tool -> tool.path("function"))
                .filter(tool -> tool.path("name").asText().equals("http_get_weather"))
                .findFirst()
                .orElseThrow();
        assertThat(function.path("description").asText()).isEqualTo("The weather of a city.");
        assertThat(function.path("parameters").path("properties").has("city")).isTrue();
    }

    @Test
    void a_tool_that_fails_tells_the_model_and_the_run_goes_on() {
        var run = run("Call the tool http_get_weather with `{}` (broken)", http("/broken"));

        assertThat(run.text("status")).isEqualTo("completed");
        assertThat(stack.asked("(broken)").getLast().toString()).contains("HTTP 500", "no weather today");
    }

    @Test
    void names_choose_among_what_is_brought_and_no_tool_may_be_called_where_that_is_said() {
        run("(some)", "bash", "!math_wipe", MCP);
        assertThat(offered("(some)")).containsExactlyInAnyOrder("bash", "math_add");

        client.post("/instances/" + id + "/run", Map.of("prompt", "(none)", "tools", List.of(MCP), "autoTools", false));
        assertThat(offered("(none)")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "http://127.0.0.1:7009/mcp, ${TOOL_TOKEN}, tool_unavailable, math:",
        "http://127.0.0.1:7001/mcp, ${NOT_THERE}, unknown_variable, NOT_THERE"
    })
    void a_server_that_cannot_be_used_fails_the_run_by_name(String url, String header, String code, String says) {
        var run = run("hello", Map.of("name", "math", "url", url, "headers", Map.of("X-Key", header)));

        assertThat(run.json().path("error").path("code").asText())
                .as(run.toString())
                .isEqualTo(code);
        assertThat(run.json().path("error").path("detail").asText())
                .contains(says)
                .doesNotContain(SECRET);
        assertThat(run("hello again").text("status")).isEqualTo("completed");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[7] | tools[0]",
                "{\"a\":1} | tools",
                "[{\"name\":\"x\"}] | tools[0].url",
                "[{\"name\":\"http\",\"url\":\"http://a/\"}] | tools[0].name",
                "[{\"name\":\"a b\",\"url\":\"http://a/\"}] | tools[0].name",
                "[{\"url\":\"file:///etc/passwd\"}] | tools[0].url",
                "[{\"url\":\"http://me:secret@a/\"}] | tools[0].url",
                "[\"bash\",{\"url\":\"http://a/\",\"headers\":{\"Authorization\":\"Bearer plain\"}}] | tools[1].headers.Authorization",
                "[{\"url\":\"http://a/\",\"headers\":{\"Host\":\"${A}\"}}] | tools[0].headers",
                "[{\"name\":\"x\",\"parameters\":{},\"url\":\"http://a/\"}] | tools[0].description",
                "[{\"name\":\"x\",\"description\":\"d\",\"parameters\":[],\"url\":\"http://a/\"}] | tools[0].parameters",
                "[{\"name\":\"x\",\"url\":\"http://a/\"},{\"name\":\"x\",\"url\":\"http://b/\"}] | tools",
            })
    void what_cannot_be_a_tool_is_refused_by_its_place(String tools, String field) {
        var answer = client.send(
                "POST",
                "/instances/" + id + "/run",
                "{\"prompt\":\"hello\",\"tools\":" + tools + "}",
                "Content-Type",
                "application/json");

        assertThat(answer.status()).as(answer.toString()).isEqualTo(400);
        assertThat(answer.json().path("errors").path(0).path("field").asText()).isEqualTo(field);
        assertThat(answer.body()).doesNotContain("secret@", "Bearer plain");
    }

    @Test
    void the_servers_of_the_run_are_shown_while_it_runs_without_what_they_are_given() {
        var task = client.post(
                        "/instances/" + id + "/run",
                        Map.of("prompt", "Wait 30 seconds (shown)", "tools", List.of(MCP), "async", true))
                .text("taskId");
        org.awaitility.Awaitility.await()
                .atMost(java.time.Duration.ofSeconds(20))
                .until(() -> !stack.asked("(shown)").isEmpty());

        var shown = client.get("/instances/" + id + "/mcp-config")
                .json()
                .path("mcpServers")
                .path("math");

        client.delete("/instances/" + id + "/tasks/" + task);
        assertThat(shown.path("url").asText()).isEqualTo("http://127.0.0.1:7001/mcp");
        assertThat(shown.path("headers").path("Authorization").asText()).isEqualTo("Bearer ${TOOL_TOKEN}");
    }
}
