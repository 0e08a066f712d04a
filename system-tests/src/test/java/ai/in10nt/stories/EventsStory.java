package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** {@code GET /events}: all that happens to a tenant's things, in order, on from anywhere. */
@ExtendWith(SharedStack.class)
class EventsStory {
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    @Test
    void a_tenant_follows_its_events_from_anywhere_and_nobody_elses(TestStack stack) {
        var key = stack.newKey("events");
        var client = stack.client(key);
        var url = stack.baseUrl() + "/events";
        var id = client.create("followed");
        var task = client.run(id, "hello").text("taskId");
        client.delete("/instances/" + id);

        var all = new LogReader(url + "?from=start", key)
                .readUntil(event -> event.path("type").asText().equals("instance.destroyed"), PATIENCE);

        var types = all.lines().stream()
                .filter(event -> event.path("subject").asText().equals(id))
                .map(event -> event.path("type").asText())
                .toList();
        assertThat(types)
                .containsSubsequence(
                        "instance.provisioning", "instance.starting", "instance.healthy", "instance.destroyed");
        assertThat(all.lines())
                .allMatch(event -> event.path("tenant").asText().equals("events"))
                .anySatisfy(event -> {
                    assertThat(event.path("type").asText()).isEqualTo("task.completed");
                    assertThat(event.path("subject").asText()).isEqualTo(task);
                    assertThat(event.path("data").path("task").path("status").asText())
                            .isEqualTo("completed");
                    assertThat(event.path("specversion").asText()).isEqualTo("1.0");
                });
        for (var position : List.of(0, 1, all.lines().size() / 2, all.lines().size() - 2)) {
            var rest = new LogReader(url, key, all.eventIds().get(position))
                    .readUntil(event -> event.path("type").asText().equals("instance.destroyed"), PATIENCE);
            assertThat(rest.lines())
                    .isEqualTo(all.lines().subList(position + 1, all.lines().size()));
        }
        var strangers = client(stack, "events-other");
        for (var wrong : List.of("x", "1", "1-", "99999999-1", all.eventIds().getFirst())) {
            var answer = strangers.send("GET", "/events", null, "Last-Event-ID", wrong);
            assertThat(answer.status()).as(wrong).isEqualTo(400);
            assertThat(answer.text("code")).isEqualTo("invalid_last_event_id");
        }
        assertThat(client.get("/events?from=yesterday").text("code")).isEqualTo("invalid_from");
    }

    private static Client client(TestStack stack, String tenant) {
        return stack.client(stack.newKey(tenant));
    }
}
