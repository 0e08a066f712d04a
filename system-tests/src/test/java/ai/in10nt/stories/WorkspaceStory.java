package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files of the workspace: read, written, listed and compared from outside. */
@ExtendWith(SharedStack.class)
class WorkspaceStory {
    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    @SuppressWarnings("NullAway.Init")
    private static Client client;

    private static String id = "";

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        client = shared.client();
        id = client.create("workspace");
    }

    @AfterAll
    static void destroy() {
        client.delete("/instances/" + id);
    }

    private static Client.Answer put(String path, String content, String... headers) {
        return client.send("PUT", "/instances/" + id + "/files/" + path, content, headers);
    }

    private static Client.Answer read(String path, String... headers) {
        return client.send("GET", "/instances/" + id + "/files/" + path, null, headers);
    }

    private static String execute(String command) {
        return client.post("/instances/" + id + "/execute", Map.of("command", command))
                .text("output");
    }

    private static JsonNode file(JsonNode changes, String path) {
        for (var file : changes.path("files")) {
            if (file.path("path").asText().equals(path)) {
                return file;
            }
        }
        throw new AssertionError(path + " isn't in " + changes);
    }

    @Test
    void a_file_is_written_with_its_folders_read_by_the_agent_and_deleted() {
        var made = put("src/deep/%C3%A4%20b.txt", "one\n");

        assertThat(made.status()).as(made.toString()).isEqualTo(201);
        assertThat(made.text("path")).isEqualTo("src/deep/ä b.txt");
        assertThat(execute("cat 'src/deep/ä b.txt'; stat -c %U src src/deep/*; echo more >> src/deep/*"))
                .isEqualTo("one\nagent\nagent\n");
        assertThat(read("src/deep/%C3%A4%20b.txt").body()).isEqualTo("one\nmore\n");
        assertThat(put("src/deep/%C3%A4%20b.txt", "two").status()).isEqualTo(200);
        var url = "/instances/" + id + "/files/src/deep/%C3%A4%20b.txt";
        assertThat(client.delete(url).status()).isEqualTo(200);
        assertThat(client.delete(url).text("code")).isEqualTo("file_not_found");
        assertThat(read("src/deep/%C3%A4%20b.txt").status()).isEqualTo(404);
    }

    @Test
    void a_part_of_a_file_is_read_and_a_file_that_changed_meanwhile_is_not_overwritten() {
        put("range.txt", "0123456789");
        var whole = read("range.txt");
        var etag = whole.headers().firstValue("ETag").orElseThrow();

        var part = read("range.txt", "Range", "bytes=2-4");

        assertThat(part.status()).isEqualTo(206);
        assertThat(part.body()).isEqualTo("234");
        assertThat(part.headers().firstValue("Content-Range")).hasValue("bytes 2-4/10");
        assertThat(read("range.txt", "Range", "bytes=-3").body()).isEqualTo("789");
        assertThat(read("range.txt", "Range", "bytes=10-").status()).isEqualTo(416);
        assertThat(read("range.txt", "If-None-Match", etag).status()).isEqualTo(304);
        assertThat(put("range.txt", "x", "If-None-Match", "*").text("code")).isEqualTo("precondition_failed");
        assertThat(put("range.txt", "new", "If-Match", etag).status()).isEqualTo(200);
        assertThat(put("range.txt", "late", "If-Match", etag).status()).isEqualTo(412);
        assertThat(read("range.txt").body()).isEqualTo("new");
    }

    @ParameterizedTest
    @CsvSource({
        "..%2f..%2fetc/passwd,400,invalid_path",
        "a%00b,400,invalid_path",
        "/etc/passwd,400,invalid_path",
        "%2fetc/passwd,400,invalid_path",
        "out,400,path_outside_workspace",
        "up/data/in10nt/runs/conversation.json,400,path_outside_workspace",
        "folder,409,is_a_directory",
        "'',400,invalid_path",
        "pipe,409,not_a_file",
        "nowhere/x,404,file_not_found"
    })
    void nothing_outside_is_read(String path, int status, String code) {
        execute("ln -sfn /etc/passwd out; ln -sfn .. up; mkdir -p folder; [ -p pipe ] || mkfifo pipe");

        var answer = read(path);

        assertThat(answer.status()).as(answer.toString()).isEqualTo(status);
        assertThat(answer.text("code")).isEqualTo(code);
        assertThat(answer.body()).doesNotContain("root:x");
    }

    @Test
    void what_a_link_inside_leads_to_is_read_and_what_leads_outside_is_not_written() {
        execute("mkdir -p real && echo inside > real/f && ln -sfn real link && ln -sfn /workspace/real/f abs"
                + " && ln -sfn /tmp/owned escape");

        assertThat(read("link/f").body()).isEqualTo("inside\n");
        assertThat(read("abs").body()).isEqualTo("inside\n");
        assertThat(put("escape", "x").text("code")).isEqualTo("path_outside_workspace");
        assertThat(execute("cat /tmp/owned 2>&1")).contains("No such file");
    }

    @Test
    void the_tree_shows_links_and_follows_none() {
        execute("mkdir -p tree/a/b && echo 12345 > tree/a/f && ln -sfn /etc tree/etc");

        var tree = client.get("/instances/" + id + "/tree?path=tree").json();

        assertThat(tree.path("root").asText()).isEqualTo("/workspace");
        assertThat(tree.path("entries").toString())
                .isEqualTo("[{\"path\":\"tree/a\",\"type\":\"directory\"},"
                        + "{\"path\":\"tree/a/b\",\"type\":\"directory\"},"
                        + "{\"path\":\"tree/a/f\",\"type\":\"file\",\"size\":6},"
                        + "{\"path\":\"tree/etc\",\"type\":\"symlink\",\"target\":\"/etc\"}]");
        assertThat(client.get("/instances/" + id + "/tree?path=tree&depth=1")
                        .json()
                        .path("entries"))
                .hasSize(2);
        assertThat(client.get("/instances/" + id + "/tree?path=..").status()).isEqualTo(400);
        assertThat(client.get("/instances/" + id + "/tree?depth=0").text("detail"))
                .contains("depth");
        assertThat(client.get("/instances/" + id + "/tree?path=tree/etc").text("code"))
                .isEqualTo("path_outside_workspace");
    }

    @Test
    void changes_are_counted_from_the_baseline_whatever_the_users_own_repository_says() {
        var other = client.create("changes");
        execute(
                other,
                "mkdir c && seq 3 > c/kept && seq 5 > c/gone && seq 9 > c/old-name && printf 'a\\0b' > c/bin"
                        + " && ln -s kept c/link && truncate -s 400M c/large");
        var first = client.get("/instances/" + other + "/changes").json();
        assertThat(file(first, "c/kept").path("status").asText()).isEqualTo("added");
        assertThat(file(first, "c/kept").path("additions").asInt()).isEqualTo(3);
        assertThat(file(first, "c/bin").path("binary").asBoolean()).isTrue();

        assertThat(client.post("/instances/" + other + "/changes/baseline")
                        .json()
                        .path("files"))
                .isEmpty();
        execute(
                other,
                "cd c && git init -q . ; sed -i s/2/two/ kept && rm gone && mv old-name new-name && echo x > .ignored"
                        + " && echo .ignored > .gitignore");
        var changes = client.get("/instances/" + other + "/changes?diff=true").json();

        var kept = file(changes, "c/kept");
        assertThat(kept.path("status").asText()).isEqualTo("modified");
        assertThat(kept.path("diff").asText()).contains("-2\n+two\n").startsWith("diff --git a/c/kept b/c/kept\n");
        assertThat(file(changes, "c/gone").path("status").asText()).isEqualTo("deleted");
        assertThat(file(changes, "c/gone").path("deletions").asInt()).isEqualTo(5);
        assertThat(file(changes, "c/new-name").path("renamedFrom").asText()).isEqualTo("c/old-name");
        assertThat(file(changes, "c/old-name").path("renamedTo").asText()).isEqualTo("c/new-name");
        assertThat(changes.path("files")).hasSize(5);
        assertThat(client.get("/instances/" + other + "/changes?diff=perhaps").status())
                .isEqualTo(400);
        client.delete("/instances/" + other);
    }

    private static void execute(String instance, String command) {
        var answer = client.post("/instances/" + instance + "/execute", Map.of("command", command));
        assertThat(answer.json().path("exitCode").asInt()).as(answer.toString()).isZero();
    }

    @Test
    void another_tenant_reads_nothing_and_a_key_without_write_writes_nothing() {
        var other = stack.client(stack.newKey("workspace-other"));

        for (var path : new String[] {"/files/x", "/tree", "/changes", "/ports", "/tools", "/proxy/5173/"}) {
            assertThat(other.get("/instances/" + id + path).status()).as(path).isEqualTo(404);
        }
        var reader = client.post("/keys", Map.of("name", "reader", "scopes", new String[] {"read"}))
                .text("key");
        assertThat(stack.client(reader)
                        .send("PUT", "/instances/" + id + "/files/x", "x")
                        .text("code"))
                .isEqualTo("insufficient_scope");
        assertThat(stack.client("").get("/instances/" + id + "/files/x").status())
                .isEqualTo(401);
    }

    @Test
    void what_a_machine_answers_is_remembered_and_not_readable_at_rest() throws IOException {
        var key = "k" + System.nanoTime();
        var canary = "canary-" + System.nanoTime();
        // Its log has it too, but masked.
        var secret = client.post(
                        "/instances", Map.of("name", "secret", "description", "d", "env", Map.of("CANARY", canary)))
                .text("instanceId");
        var body = "{\"command\":\"echo $CANARY; date +%N\"}";
        String[] headers = {"Content-Type", "application/json", "Idempotency-Key", key};
        var first = client.send("POST", "/instances/" + secret + "/execute", body, headers);

        var again = client.send("POST", "/instances/" + secret + "/execute", body, headers);

        assertThat(again.body()).isEqualTo(first.body()).contains(canary);
        assertThat(SecretScan.filesHolding(canary, stack.home())).isEmpty();
        client.delete("/instances/" + secret);
    }
}
