package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** Much of a caller's text at once: no service holds all of it. */
@Isolated
@ExtendWith(SharedStack.class)
class LargeStory {
    private static final int TASKS = 40;
    private static final String PROMPT = "x".repeat(900_000);
    private static final Pattern NEXT = Pattern.compile("<[^>]*?(/instances[^>]*)>; rel=\"next\"");

    @Test
    void many_large_tasks_are_listed_in_pages_and_ended_by_a_stop(TestStack stack) {
        var client = stack.client();
        var id = client.create("large");
        long owner = stack.pid("task-service");
        long gateway = stack.pid("api-gateway");
        client.runAsync(id, "Wait 60 seconds");
        var tasks = IntStream.range(0, TASKS)
                .mapToObj(number -> client.runAsync(id, number + PROMPT))
                .toList();

        var listed = new HashSet<String>();
        int pages = list(client, "/instances/" + id + "/tasks?limit=1000", listed);
        assertThat(listed).containsAll(tasks);
        assertThat(pages).as("bounded by the size of bodies").isGreaterThan(2);

        assertThat(client.post("/instances/" + id + "/stop").status()).isEqualTo(200);

        await("each queued task has ended")
                .atMost(Duration.ofSeconds(60))
                .untilAsserted(() -> assertThat(tasks)
                        .allMatch(task -> client.task(id, task)
                                .path("error")
                                .path("code")
                                .asText()
                                .equals("instance_stopped")));
        assertThat(stack.pid("task-service")).as("never restarted").isEqualTo(owner);
        assertThat(stack.pid("api-gateway")).as("never restarted").isEqualTo(gateway);
        client.delete("/instances/" + id);
    }

    private static int list(Client client, String first, Set<String> into) {
        var path = first;
        int pages = 0;
        while (!path.isEmpty()) {
            var page = client.get(path);
            assertThat(page.status()).as(path).isEqualTo(200);
            page.json().forEach(task -> into.add(task.path("taskId").asText()));
            var link = NEXT.matcher(page.headers().firstValue("Link").orElse(""));
            path = link.find() ? link.group(1) : "";
            pages++;
        }
        return pages;
    }
}
