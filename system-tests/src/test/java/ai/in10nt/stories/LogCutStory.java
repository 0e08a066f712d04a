package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** Whatever dies while lines flow: what a reader got, over all its connections, is the history, each line once. */
@Isolated
@ExtendWith(SharedStack.class)
class LogCutStory {
    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final Duration WHOLE = Duration.ofMinutes(8);

    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    @SuppressWarnings("NullAway.Init")
    private static Client client;

    private static String id = "";

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        client = shared.client();
        id = client.create("cuts");
    }

    @AfterAll
    static void destroy() {
        client.delete("/instances/" + id);
    }

    private static void execute(String command) {
        var answer = client.post("/instances/" + id + "/execute", Map.of("command", command, "timeout", 600_000));
        assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
    }

    private static LogReader reader() {
        return new LogReader(stack.baseUrl() + "/instances/" + id + "/logs?from=start", stack.key());
    }

    private static void assertIsTheHistory(LogReader reader) {
        assertThat(reader.ids())
                .isEqualTo(
                        LongStream.rangeClosed(1, reader.ids().size()).boxed().toList());
        var stored = new ArrayList<JsonNode>();
        for (long after = 0;
                stored.size() < reader.lines().size();
                after = stored.getLast().path("id").asLong()) {
            var page = page(after);
            page.json().forEach(stored::add);
        }
        assertThat(stored.subList(0, reader.lines().size())).isEqualTo(reader.lines());
    }

    /** What was killed a moment ago may not be there yet. */
    private static Client.Answer page(long after) {
        return await("the history")
                .atMost(PATIENCE)
                .until(
                        () -> client.send(
                                "GET",
                                "/instances/" + id + "/logs?limit=10000&after=" + after,
                                null,
                                "Accept",
                                "application/json"),
                        answer -> answer.status() == 200);
    }

    @Test
    void a_hundred_cuts_leave_no_gap_and_no_repeat() {
        var writing = CompletableFuture.runAsync(
                () -> execute("for i in $(seq 1 4000); do echo cut $i; [ $((i % 20)) != 0 ] || sleep 0.1; done"));
        var reader = reader();
        for (int cut = 0; cut < 100; cut++) {
            reader.readAndCut(ThreadLocalRandom.current().nextInt(1, 40));
        }
        reader.readUntil(line -> line.path("message").asText().equals("cut 4000"), PATIENCE);
        writing.join();

        assertIsTheHistory(reader);
    }

    @Test
    void whatever_dies_while_lines_flow() {
        // The machine goes on with a command although its caller's gateway dies, here until it finds a file.
        var writing = CompletableFuture.runAsync(
                () -> execute("until [ -e enough ]; do echo flow $((i += 1)); sleep 0.1; done; echo flow end"));
        var reader = reader();
        var reading = CompletableFuture.runAsync(
                () -> reader.readUntil(line -> line.path("message").asText().equals("flow end"), WHOLE));

        for (var victim : new String[] {"log-service", "kafka", "api-gateway", "log-service", "postgresql"}) {
            int sofar = reader.lines().size();
            await("lines flow").atMost(PATIENCE).until(() -> reader.lines().size() > sofar + 10);
            stack.kill(victim);
        }
        assertThat(writing).failsWithin(PATIENCE);
        await("the stack works again").atMost(PATIENCE).ignoreExceptions().untilAsserted(() -> execute("touch enough"));
        reading.join();

        assertIsTheHistory(reader);
    }
}
