package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;

/**
 * What was there before a stack was started again with its clock of retention eight days ahead.
 *
 * @param destroyed an instance that was destroyed
 * @param task a run of it
 * @param key of the request that had made it
 */
record Retained(String destroyed, String task, String key) {
    /** For the environment of a stack. */
    static final Map<String, String> EIGHT_DAYS_LATER = Map.of("RETENTION_CLOCK_AHEAD", "192h");

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    static Retained in(Client client) {
        var key = "retained";
        var id = create(client, key).text("instanceId");
        var task = client.run(id, "hello").text("taskId");
        client.delete("/instances/" + id);
        assertThat(create(client, key).text("instanceId")).isEqualTo(id);
        assertThat(client.get("/instances/" + id).text("status")).isEqualTo("destroyed");
        return new Retained(id, task, key);
    }

    private static Client.Answer create(Client client, String key) {
        return client.send(
                "POST",
                "/instances",
                "{\"name\":\"retained\",\"description\":\"d\"}",
                "Content-Type",
                "application/json",
                "Idempotency-Key",
                key);
    }

    void isForgotten(Client client, String kafka) {
        await("the destroyed instance is forgotten")
                .atMost(PATIENCE)
                .until(() -> client.get("/instances/" + destroyed).status() == 404);
        var last = Events.of(kafka, "in10nt.instance.events", destroyed).getLast();
        assertThat(last.type()).isEqualTo("instance.forgotten");
        assertThat(last.value()).isEmpty();
        assertThat(client.get("/instances/" + destroyed + "/tasks").status()).isEqualTo(404);
        assertThat(client.post("/instances/" + destroyed + "/run", Map.of("prompt", "hello"))
                        .status())
                .isEqualTo(404);
        assertThat(client.get("/tasks").body()).as("what was used is known").contains(task);
        var again = create(client, key);
        assertThat(again.status()).isEqualTo(201);
        assertThat(again.text("instanceId")).as("the key is a new one").isNotEqualTo(destroyed);
        client.delete("/instances/" + again.text("instanceId"));
        var rebuilt = client.post("/admin/rebuild-view").json();
        assertThat(rebuilt.path("surplus").asInt()).as(rebuilt.toString()).isZero();
        assertThat(rebuilt.path("missing").asInt()).as(rebuilt.toString()).isZero();
        assertThat(client.get("/instances/" + destroyed).status()).isEqualTo(404);
    }
}
