package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A run that is followed while it goes on, and one that is cancelled. */
@ExtendWith(SharedStack.class)
class FollowStory {
    private static final Pattern ID = Pattern.compile("(?m)^id: (\\d+)$");

    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    @SuppressWarnings("NullAway.Init")
    private static Client client;

    private static String id = "";

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        client = shared.client();
        id = client.create("follow");
    }

    @AfterAll
    static void destroy() {
        client.delete("/instances/" + id);
    }

    private static String events(String task) {
        return "/instances/" + id + "/tasks/" + task + "/events";
    }

    private static void awaitRunning(String task) throws IOException, InterruptedException {
        var request = HttpRequest.newBuilder(URI.create(stack.baseUrl() + events(task)))
                .header("Authorization", "Bearer " + stack.key());
        var response = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .build()
                .send(request.build(), HttpResponse.BodyHandlers.ofLines());
        try (var lines = response.body()) {
            assertThat(lines.anyMatch(line -> line.contains("\"state\":\"running\"")))
                    .isTrue();
        }
    }

    private static List<Integer> ids(String stream) {
        return ID.matcher(stream)
                .results()
                .map(match -> Integer.valueOf(match.group(1)))
                .toList();
    }

    @Test
    void a_run_is_followed_to_its_end_and_read_again_from_anywhere() {
        var task = client.runAsync(id, "Create a file f.txt containing followed");

        var live = client.get(events(task));

        assertThat(live.headers().firstValue("Content-Type").orElse("")).startsWith("text/event-stream");
        assertThat(live.headers().firstValue("X-Stream-Retention-Seconds")).hasValue("604800");
        assertThat(live.body())
                .contains("\"state\":\"queued\"")
                .contains("\"state\":\"running\"")
                .contains("\"tool\":\"write\"")
                .contains("\"status\":\"completed\"")
                .contains("\"type\":\"text\"")
                .contains("\"state\":\"completed\"")
                .endsWith("event: end\ndata: {}\n\n");
        var ids = ids(live.body());
        assertThat(ids).first().isEqualTo(1);
        for (int i = 0; i < ids.size(); i++) {
            assertThat(ids.get(i)).isEqualTo(i + 1);
        }
        for (int last : ids) {
            var rest = client.send("GET", events(task), null, "Last-Event-ID", String.valueOf(last));
            if (last == ids.getLast()) {
                assertThat(rest.status()).as("there is no more").isEqualTo(204);
            } else {
                assertThat(ids(rest.body())).isEqualTo(ids.subList(last, ids.size()));
            }
        }
        assertThat(client.get(events(task) + "?lastEventId=" + (ids.size() - 1)).body())
                .startsWith(":")
                .endsWith("\n\n" + live.body().substring(live.body().indexOf("id: " + ids.size())));
    }

    @Test
    void an_id_that_was_never_given_is_refused() {
        var task = client.run(id, "hello").text("taskId");

        for (var wrong : List.of("x", "-1", "1.5", "999999", "99999999999999999999")) {
            var answer = client.send("GET", events(task), null, "Last-Event-ID", wrong);
            assertThat(answer.status()).as(wrong).isEqualTo(400);
            assertThat(answer.text("code")).isEqualTo("invalid_last_event_id");
        }
        assertThat(client.get(events("task_" + "0".repeat(26))).status()).isEqualTo(404);
        assertThat(stack.client(stack.newKey("follow-other")).get(events(task)).status())
                .isEqualTo(404);
    }

    @Test
    void a_cancelled_run_ends_at_once_and_its_agent_is_free() throws Exception {
        var task = client.runAsync(id, "Wait 60 seconds and say hello");
        var waiting = client.runAsync(id, "Wait 61 seconds and say hello");
        awaitRunning(task);

        var queued = client.delete("/instances/" + id + "/tasks/" + waiting);
        var running = client.post("/instances/" + id + "/tasks/" + task + "/cancel");

        assertThat(queued.status()).as(queued.toString()).isEqualTo(200);
        assertThat(queued.text("state")).isEqualTo("cancelled");
        assertThat(running.text("status")).isEqualTo("failed");
        assertThat(running.json().path("error").path("code").asText()).isEqualTo("cancelled");
        assertThat(client.get(events(task)).body())
                .contains("\"state\":\"cancelled\"")
                .endsWith("data: {}\n\n");
        assertThat(ids(client.get(events(waiting)).body())).containsExactly(1, 2);
        long began = System.nanoTime();
        assertThat(client.run(id, "hello").text("status")).isEqualTo("completed");
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));
        var again = client.delete("/instances/" + id + "/tasks/" + task);
        assertThat(again.status()).isEqualTo(200);
        assertThat(again.text("state")).isEqualTo("cancelled");
    }

    @Test
    void what_is_over_stays_as_it_is_and_what_is_not_there_is_not_cancelled() {
        var done = client.run(id, "hello").text("taskId");

        assertThat(client.delete("/instances/" + id + "/tasks/" + done).text("state"))
                .isEqualTo("completed");
        assertThat(client.delete("/instances/" + id + "/tasks/task_" + "0".repeat(26))
                        .status())
                .isEqualTo(404);
        assertThat(client.post("/instances/" + id + "/tasks/" + done + "/cancel", Map.of())
                        .text("state"))
                .isEqualTo("completed");
    }
}
