package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.Message;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** Records that nobody understands: kept, answered where somebody waits, and in nobody's way. */
@Isolated
@ExtendWith(SharedStack.class)
class PoisonStory {
    private static void send(TestStack stack, String topic, Map<String, String> headers, @Nullable String value) {
        Events.send(stack.kafka(), topic, headers, value);
    }

    private static Map<String, String> headers(String id, String type) {
        return new Message(
                        id,
                        type,
                        "/test",
                        InstanceId.mint().value(),
                        Instant.now(),
                        "poison",
                        null,
                        null,
                        null,
                        new byte[0])
                .headers();
    }

    @Test
    void poison_is_a_dead_letter_and_the_next_command_works(TestStack stack) {
        var command = Ids.command();
        send(stack, "in10nt.instance.commands", Map.of(), "garbage");
        send(stack, "in10nt.task.commands", Map.of("ce_type", "task.run"), "{");
        send(stack, "in10nt.instance.commands", headers(command, "instance.create"), "{\"instanceId\":\"nonsense\"}");
        send(stack, "in10nt.instance.commands", headers(Ids.command(), "instance.explode"), "{}");
        send(stack, "in10nt.instance.events", headers(Ids.event(), "instance.healthy"), "not json");

        var client = stack.client();
        var id = client.create("after-poison");
        assertThat(client.run(id, "hello").text("status")).isEqualTo("completed");
        client.delete("/instances/" + id);

        await("the dead letters say where they stood and why")
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(Events.all(stack.kafka(), "in10nt.dead-letters"))
                        .anyMatch(letter -> letter.value().contains("in10nt.task.commands")
                                && letter.value().contains("no header ce_id"))
                        .anyMatch(letter -> letter.value().contains(command))
                        .noneMatch(letter -> letter.value().contains("instance.explode")));
        assertThat(Events.all(stack.kafka(), "in10nt.replies"))
                .filteredOn(reply -> command.equals(reply.headers().get("ce_causationid")))
                .as("one answer, however often it came")
                .hasSize(1)
                .allMatch(reply ->
                        reply.type().equals("instance.refused") && reply.value().contains("internal_error"));
        var ready = client.get("/health/ready");
        assertThat(ready.status()).as(ready.body()).isEqualTo(200);
    }

    @Test
    void a_record_without_a_value_ends_nothing_and_blocks_nothing_unless_it_is_a_tombstone(TestStack stack) {
        var client = stack.client();
        var id = client.create("not-forgotten");
        var empty = headers(Ids.event(), "instance.healthy");
        empty.put("ce_subject", id);
        for (var topic : new String[] {"in10nt.instance.events", "in10nt.task.events", "in10nt.replies"}) {
            send(stack, topic, Map.of(), null);
            send(stack, topic, empty, null);
            send(stack, topic, empty, "");
        }

        assertThat(client.run(id, "hello").text("status")).isEqualTo("completed");
        assertThat(client.get("/instances/" + id).text("status")).isEqualTo("healthy");
        await("they are dead letters")
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(stack.run("dead-letters").lines())
                        .anyMatch(letter -> letter.contains("in10nt.task.events")));
        client.delete("/instances/" + id);
    }

    @Test
    void a_dead_letter_can_be_listed_and_sent_again(TestStack stack) {
        var command = Ids.command();
        send(stack, "in10nt.instance.commands", headers(command, "instance.create"), "{\"instanceId\":\"again\"}");
        await().atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(stack.run("dead-letters"))
                        .contains("instance.create")
                        .contains("Illegal"));
        var letters = stack.run("dead-letters", "list").lines().toList();
        var last = letters.getLast().split(" ", -1)[0];

        assertThat(stack.run("dead-letters", "redrive", last)).contains("in10nt.instance.commands again");

        await("it came again, and is still not understood")
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(
                        () -> assertThat(stack.run("dead-letters").lines()).hasSizeGreaterThan(letters.size()));
        assertThat(Events.all(stack.kafka(), "in10nt.replies"))
                .filteredOn(reply -> command.equals(reply.headers().get("ce_causationid")))
                .as("answered once for all that")
                .hasSize(1);
    }

    @Test
    void what_the_database_refuses_is_a_dead_letter_and_the_next_run_works(TestStack stack) {
        var client = stack.client();
        var id = client.create("refused-rows");
        var task = client.run(id, "hello").text("taskId");
        var command = Events.all(stack.kafka(), "in10nt.task.commands").stream()
                .filter(record -> record.key().equals(task))
                .findFirst()
                .orElseThrow();

        // The same task under another command's id: its row is there already.
        var twin = new HashMap<>(command.headers());
        twin.put("ce_id", Ids.command());
        send(stack, "in10nt.task.commands", twin, command.value());
        // PostgreSQL's texts have no NUL.
        var nul = headers(Ids.command() + "\0", "instance.create");
        send(stack, "in10nt.instance.commands", nul, "{}");
        send(stack, "in10nt.task.commands", nul, "{}");
        send(stack, "in10nt.instance.events", nul, "{}");
        var noAnswer = headers(Ids.event(), "instance.refused");
        noAnswer.put("ce_causationid", "cmd_\0");
        send(stack, "in10nt.replies", noAnswer, "{}");

        assertThat(client.run(id, "hello again").text("status")).isEqualTo("completed");
        assertThat(client.delete("/instances/" + id).status()).isEqualTo(200);
        await("the twin is answered, once")
                .atMost(Duration.ofSeconds(30))
                .untilAsserted(() -> assertThat(Events.all(stack.kafka(), "in10nt.replies"))
                        .filteredOn(reply ->
                                twin.get("ce_id").equals(reply.headers().get("ce_causationid")))
                        .hasSize(1));
    }
}
