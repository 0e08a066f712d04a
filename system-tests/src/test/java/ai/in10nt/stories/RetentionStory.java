package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A stack, and the same eight days later. */
class RetentionStory {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static Client.Answer create(TestStack stack, String key) {
        return stack.client()
                .send(
                        "POST",
                        "/instances",
                        "{\"name\":\"retained\",\"description\":\"d\"}",
                        "Content-Type",
                        "application/json",
                        "Idempotency-Key",
                        key);
    }

    @Test
    void after_a_week_a_destroyed_instance_and_after_a_day_a_key_are_forgotten() {
        try (var stack = TestStack.start(1)) {
            var kept = create(stack, "kept");
            var id = create(stack, "gone").text("instanceId");
            var task = stack.client().run(id, "hello").text("taskId");
            stack.client().delete("/instances/" + id);
            assertThat(create(stack, "gone").text("instanceId")).isEqualTo(id);
            assertThat(stack.client().get("/instances/" + id).text("status")).isEqualTo("destroyed");

            stack.stop();
            stack.startAgain(Map.of("RETENTION_CLOCK_AHEAD", "192h"));

            await("the destroyed instance is forgotten")
                    .atMost(PATIENCE)
                    .until(() -> stack.client().get("/instances/" + id).status() == 404);
            var last = Events.of(stack.kafka(), "in10nt.instance.events", id).getLast();
            assertThat(last.type()).isEqualTo("instance.forgotten");
            assertThat(last.value()).isEmpty();
            assertThat(stack.client().get("/instances/" + id + "/tasks").status())
                    .isEqualTo(404);
            assertThat(Events.of(stack.kafka(), "in10nt.task.events", task)
                            .getLast()
                            .json()
                            .path("task")
                            .path("tokensUsed")
                            .asLong())
                    .as("what was used is known")
                    .isPositive();
            var other = kept.text("instanceId");
            assertThat(stack.client().get("/instances/" + other).status()).isEqualTo(200);
            assertThat(stack.client()
                            .post("/instances/" + id + "/run", Map.of("prompt", "hello"))
                            .status())
                    .isEqualTo(404);
            var again = create(stack, "gone");
            assertThat(again.status()).isEqualTo(201);
            assertThat(again.text("instanceId")).as("the key is a new one").isNotEqualTo(id);
            assertThat(stack.client()
                            .post("/admin/rebuild-view")
                            .json()
                            .path("surplus")
                            .asInt())
                    .isZero();
            assertThat(stack.client().get("/instances/" + id).status()).isEqualTo(404);
        }
    }
}
