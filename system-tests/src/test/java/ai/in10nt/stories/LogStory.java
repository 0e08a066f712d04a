package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The log of an instance: followed while it is written, read again from anywhere, searched. */
@ExtendWith(SharedStack.class)
class LogStory {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Pattern NEXT = Pattern.compile("<([^>]+)>; rel=\"next\"");

    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    @SuppressWarnings("NullAway.Init")
    private static Client client;

    private static String id = "";

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        var tenant = shared.newKey("logs");
        client = shared.client(tenant);
        key = tenant;
        id = client.post(
                        "/instances",
                        Map.of("name", "logs", "description", "d", "env", Map.of("CANARY", "canary-a8c1e5b09d")))
                .text("instanceId");
    }

    private static String key = "";

    @AfterAll
    static void destroy() {
        client.delete("/instances/" + id);
    }

    private static LogReader reader(String instance, String query) {
        return new LogReader(stack.baseUrl() + "/instances/" + instance + "/logs" + query, key);
    }

    private static void execute(String instance, String command) {
        var answer = client.post("/instances/" + instance + "/execute", Map.of("command", command));
        assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
    }

    private static Client.Answer stored(String instance, String query) {
        return client.send("GET", "/instances/" + instance + "/logs" + query, null, "Accept", "application/json");
    }

    private static List<JsonNode> list(Client.Answer answer) {
        var lines = new ArrayList<JsonNode>();
        answer.json().forEach(lines::add);
        return lines;
    }

    private static boolean says(JsonNode line, String message) {
        return line.path("message").asText().equals(message);
    }

    @Test
    void a_run_and_a_command_are_followed_while_they_work_and_stored_as_they_were_told() {
        var before = reader(id, "?from=start").readUntil(line -> says(line, "boot 1 begins"), PATIENCE);
        assertThat(before.ids()).containsExactly(1L);

        execute(id, "echo one; echo two >&2; printf 'a\\0b'; exit 3");
        var task = client.run(id, "Create a file logged.txt containing logged").text("taskId");
        var live = reader(id, "?from=start").readUntil(line -> says(line, "the run is completed"), PATIENCE);

        assertThat(live.ids())
                .isEqualTo(IntStream.rangeClosed(1, live.ids().size())
                        .mapToObj(Long::valueOf)
                        .toList());
        assertThat(live.lines())
                .anySatisfy(line -> assertThat(line.toString()).contains("\"type\":\"stdout\"", "\"message\":\"one\""))
                .anySatisfy(line -> assertThat(line.toString()).contains("\"type\":\"stderr\"", "\"message\":\"two\""))
                .anySatisfy(line -> assertThat(line.path("message").asText()).isEqualTo("a\uFFFDb"))
                .anySatisfy(line -> assertThat(line.path("message").asText()).isEqualTo("exit 3"))
                .anySatisfy(line -> {
                    assertThat(line.path("type").asText()).isEqualTo("tool");
                    assertThat(line.path("message").asText()).contains("write", "logged.txt");
                    assertThat(line.path("taskId").asText()).isEqualTo(task);
                })
                .allSatisfy(line -> assertThat(line.path("timestamp").asText()).endsWith("Z"));
        assertThat(list(stored(id, "?limit=" + live.ids().size()))).isEqualTo(live.lines());
        assertThat(list(stored(id, "?taskId=" + task)))
                .isNotEmpty()
                .allMatch(line -> line.path("taskId").asText().equals(task));
        assertThat(list(stored(id, "?type=stderr,stdout")).stream()
                        .map(line -> line.path("type").asText()))
                .contains("stderr", "stdout")
                .doesNotContain("system", "tool");
        assertThat(list(stored(id, "?q=two"))).anyMatch(line -> says(line, "two"));
        assertThat(list(stored(id, "?q=nothing-says-this"))).isEmpty();
        for (long last : live.ids().subList(0, live.ids().size() - 1)) {
            var rest = list(stored(id, "?after=" + last + "&before=" + (last + 2)));
            assertThat(rest).hasSize(1).allMatch(line -> line.path("id").asLong() == last + 1);
        }
    }

    @Test
    void stored_lines_are_paged_in_both_directions() {
        execute(id, "seq 1 2500 | sed 's/^/paged /'");
        reader(id, "?from=start").readUntil(line -> says(line, "paged 2500"), PATIENCE);

        for (var direction : List.of("&after=0", "")) {
            var seen = new ArrayList<Long>();
            var page = stored(id, "?limit=700&q=paged%20&type=stdout" + direction);
            while (true) {
                var lines = list(page);
                assertThat(lines).hasSizeLessThanOrEqualTo(700);
                seen.addAll(lines.stream().map(line -> line.path("id").asLong()).toList());
                var next = page.headers().firstValue("Link");
                if (next.isEmpty()) {
                    break;
                }
                var link = NEXT.matcher(next.get());
                assertThat(link.find()).isTrue();
                page = client.send(
                        "GET", link.group(1).substring(stack.baseUrl().length()), null, "Accept", "application/json");
            }
            assertThat(seen).doesNotHaveDuplicates().hasSize(2500);
        }
    }

    @Test
    void secrets_are_masked_and_long_lines_are_cut() {
        execute(id, "echo $CANARY; head -c 200000 /dev/zero | tr '\\0' x; echo; echo masked and cut");
        var read = reader(id, "?from=start").readUntil(line -> says(line, "masked and cut"), PATIENCE);

        assertThat(read.messages()).contains("***").noneMatch(message -> message.contains("canary-a8c1e5b09d"));
        assertThat(read.messages()).allMatch(message -> message.length() <= 64 * 1024);
    }

    @Test
    void a_log_goes_on_over_stop_and_start_and_ends_with_its_instance() {
        var mortal = client.create("mortal");
        execute(mortal, "echo before");
        var reader = reader(mortal, "?from=start").readUntil(line -> says(line, "before"), PATIENCE);

        client.post("/instances/" + mortal + "/stop");
        client.post("/instances/" + mortal + "/start");
        execute(mortal, "echo after");
        reader.readUntil(line -> says(line, "after"), PATIENCE);
        assertThat(reader.messages()).contains("the machine stops", "boot 2 begins");
        client.delete("/instances/" + mortal);
        reader.readUntil(_ -> false, PATIENCE);

        assertThat(reader.isOver()).isTrue();
        assertThat(reader.ids())
                .isEqualTo(IntStream.rangeClosed(1, reader.ids().size())
                        .mapToObj(Long::valueOf)
                        .toList());
        assertThat(list(stored(mortal, "?limit=10000"))).isEqualTo(reader.lines());
        var over = client.send(
                "GET",
                "/instances/" + mortal + "/logs",
                null,
                "Last-Event-ID",
                String.valueOf(reader.ids().getLast()));
        assertThat(over.status()).isEqualTo(204);
    }

    @ParameterizedTest
    @ValueSource(strings = {"x", "-1", "1.5", "999999999", "99999999999999999999"})
    void an_id_that_was_never_given_is_refused(String wrong) {
        var answer = client.send("GET", "/instances/" + id + "/logs", null, "Last-Event-ID", wrong);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.text("code")).isEqualTo("invalid_last_event_id");
    }

    @ParameterizedTest
    @CsvSource({
        "limit=0,limit",
        "limit=10001,limit",
        "limit=x,limit",
        "before=x,before",
        "after=-1,after",
        "type=nonsense,type",
        "taskId=x,taskId"
    })
    void a_query_that_makes_no_sense_is_refused_by_its_field(String query, String field) {
        var answer = stored(id, "?" + query);

        assertThat(answer.status()).isEqualTo(400);
        assertThat(answer.json().path("errors").path(0).path("field").asText()).isEqualTo(field);
    }

    @Test
    void only_its_owner_and_a_ticket_read_a_log() {
        var other = stack.client(stack.newKey("logs-other"));
        assertThat(other.get("/instances/" + id + "/logs").status()).isEqualTo(404);
        assertThat(client.get("/instances/inst_" + "0".repeat(26) + "/logs").status())
                .isEqualTo(404);
        assertThat(client.get("/instances/" + id + "/logs?from=yesterday").text("code"))
                .isEqualTo("invalid_from");

        var ticket = client.post("/instances/" + id + "/tickets", Map.of("for", "logs"))
                .text("ticket");

        var withTicket = new LogReader(
                stack.baseUrl() + "/instances/" + id + "/logs/stream?from=start&ticket=" + ticket, "no-key");
        assertThat(withTicket
                        .readUntil(line -> says(line, "boot 1 begins"), PATIENCE)
                        .ids())
                .contains(1L);
        var forged = client.get("/instances/" + id + "/logs?ticket=" + ticket + "x");
        assertThat(forged.status()).isEqualTo(401);
        assertThat(forged.text("code")).isEqualTo("invalid_ticket");
    }

    @Test
    void a_long_log_comes_once_and_whole_to_who_reads_it_late() {
        var instance = client.create("long-log");
        execute(instance, "seq -f 'line %.0f of many, and some more text behind it' 60000; echo the last");
        await().atMost(PATIENCE)
                .until(() ->
                        !list(stored(instance, "?q=the%20last&type=stdout")).isEmpty());

        var late = reader(instance, "?from=start").readUntil(line -> says(line, "the last"), PATIENCE);

        assertThat(late.ids())
                .isEqualTo(LongStream.rangeClosed(1, late.ids().size()).boxed().toList())
                .hasSizeGreaterThan(60_000);
        client.delete("/instances/" + instance);
    }

    @Test
    void who_takes_nothing_is_told_where_to_go_on_and_nobody_waits_for_it() throws IOException {
        var instance = client.create("overrun");
        execute(instance, "echo begins");
        reader(instance, "?from=start").readUntil(line -> says(line, "begins"), PATIENCE);
        try (var slow = new SlowReader(stack.baseUrl(), "/instances/" + instance + "/logs?from=start", key)) {
            slow.readUntil("begins");

            execute(instance, "seq -f '%.0f " + "x".repeat(300) + "' 40000; echo all of it");
            reader(instance, "?from=start").readUntil(line -> says(line, "all of it"), PATIENCE);
            await("it is given up")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> stack.log("log-service").contains(instance + ": a reader takes nothing"));

            var rest = slow.readToEnd();
            var last = rest.lines()
                    .filter(line -> line.startsWith("id: "))
                    .toList()
                    .getLast();
            assertThat(rest)
                    .endsWith(
                            "event: overrun\ndata: {\"lastEventId\":\"" + last.substring("id: ".length()) + "\"}\n\n");
            assertThat(Long.parseLong(last.substring("id: ".length()))).isLessThan(40_000);
        }
        client.delete("/instances/" + instance);
    }

    @Test
    void a_rare_type_is_found_in_a_long_log_and_a_stream_has_a_head() {
        assertThat(list(stored(id, "?type=system&limit=1&after=0")))
                .singleElement()
                .matches(line -> says(line, "boot 1 begins"));
        var head = client.send("HEAD", "/instances/" + id + "/logs", null);
        assertThat(head.status()).isEqualTo(200);
        assertThat(head.headers().firstValue("Content-Type")).hasValue("text/event-stream");
        assertThat(client.send("HEAD", "/events", null).status()).isEqualTo(200);
    }

    @Test
    void a_reader_begins_now_or_at_a_time() {
        execute(id, "echo long ago");
        reader(id, "?from=start").readUntil(line -> says(line, "long ago"), PATIENCE);
        var second = list(stored(id, "?q=long%20ago&type=stdout")).getLast();
        var since = reader(id, "?from=" + second.path("timestamp").asText())
                .readUntil(line -> says(line, "long ago"), PATIENCE);
        assertThat(since.ids().getFirst()).isEqualTo(second.path("id").asLong());

        var now = reader(id, "");
        var reading = Thread.ofVirtual().start(() -> now.readUntil(line -> says(line, "just now"), PATIENCE));
        await().atMost(PATIENCE).until(() -> {
            execute(id, "echo just now");
            return !reading.isAlive();
        });

        assertThat(now.messages()).contains("just now").doesNotContain("long ago");
    }
}
