package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Map;

/**
 * What was there before a stack was started again with its clock of retention eight days ahead.
 *
 * @param destroyed an instance that was destroyed
 * @param task a run of it
 * @param key of the request that had made it
 * @param living an instance that is still there, and has lines in its log
 */
record Retained(String destroyed, String task, String key, String living) {
    /** For the environment of a stack. */
    static final Map<String, String> EIGHT_DAYS_LATER = Map.of("RETENTION_CLOCK_AHEAD", "192h");

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    static Retained in(Client client, String living) {
        var key = "retained";
        var id = create(client, key).text("instanceId");
        var task = client.run(id, "hello").text("taskId");
        client.delete("/instances/" + id);
        assertThat(create(client, key).text("instanceId")).isEqualTo(id);
        assertThat(client.get("/instances/" + id).text("status")).isEqualTo("destroyed");
        assertThat(lines(client, living).path(0).path("id").asLong()).isEqualTo(1);
        return new Retained(id, task, key, living);
    }

    private static JsonNode lines(Client client, String instance) {
        return client.send("GET", "/instances/" + instance + "/logs?after=0", null, "Accept", "application/json")
                .json();
    }

    /** Who has the first line can't go on behind it, and is told where the log begins now. */
    private void oldLinesAreForgotten(Client client) {
        client.post("/instances/" + living + "/execute", Map.of("command", "echo eight days later"));
        await("the log goes on")
                .atMost(PATIENCE)
                .until(() -> lines(client, living).toString().contains("eight days later"));
        var oldest = lines(client, living).path(0).path("id").asText();
        assertThat(Long.parseLong(oldest)).isGreaterThan(2);

        var expired = client.send("GET", "/instances/" + living + "/logs", null, "Last-Event-ID", "1");

        assertThat(expired.status()).isEqualTo(410);
        assertThat(expired.text("code")).isEqualTo("stream_expired");
        assertThat(expired.text("detail")).contains("the oldest kept is " + oldest);
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
        oldLinesAreForgotten(client);
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
