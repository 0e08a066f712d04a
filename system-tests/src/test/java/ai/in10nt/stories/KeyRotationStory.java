package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Keyset;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** The keys of integrations' values are rotated on two replicas of everything, and nobody sees it. */
@Isolated
@Order(Integer.MAX_VALUE)
@ExtendWith(SharedStack.OfTwo.class)
class KeyRotationStory {
    private static Map<String, Object> github(String token) {
        return Map.of("integrations", List.of("GitHub"), "integrationEnv", Map.of("GITHUB_TOKEN", token));
    }

    private static String key(TestStack stack, String name) {
        return TestStack.read(Path.of(stack.home().toString(), "keys", name));
    }

    private static String token(Client client, String id) {
        return client.post("/instances/" + id + "/execute", Map.of("command", "printf %s \"$GITHUB_TOKEN\""))
                .text("stdout");
    }

    @Test
    void what_was_sealed_before_is_used_after_and_no_request_fails_meanwhile(TestStack stack) {
        var client = stack.client();
        var kept = client.create("before-rotation");
        // Stopped, so that a change is sealed and stored and no agent is started anew for each.
        var changed = client.create("during-rotation");
        client.post("/instances/" + changed + "/stop");
        assertThat(client.post("/instances/" + kept + "/integrations", github("ghp_before"))
                        .status())
                .isEqualTo(200);
        var wrapping = key(stack, "integration-wrapping.json");
        var pair = key(stack, "integration-private.json");

        var isOver = new AtomicBoolean();
        var changes = CompletableFuture.supplyAsync(() -> {
            int made = 0;
            for (; !isOver.get() || made == 0; made++) {
                // In turn through both gateways, which take the new key at different times.
                var answer = stack.client(1 + made % 2)
                        .post("/instances/" + changed + "/integrations", github("ghp_during-" + made));
                assertThat(answer.status()).as(answer.toString()).isEqualTo(200);
                LockSupport.parkNanos(Duration.ofMillis(200).toNanos());
            }
            return made;
        });
        String told;
        try {
            told = stack.run("rotate-keys");
        } finally {
            isOver.set(true);
        }

        assertThat(told).contains("gateways seal by key").contains("all that is stored is sealed anew");
        assertThat(Keyset.ids(key(stack, "integration-wrapping.json")))
                .as("the key of before is gone")
                .hasSize(1)
                .doesNotContain(Keyset.primary(wrapping));
        assertThat(Keyset.ids(key(stack, "integration-private.json")))
                .as("commands on their topic are sealed by the one of before")
                .hasSize(2)
                .startsWith(Keyset.primary(pair));
        int made = changes.join();
        // A boot is given its values anew.
        client.post("/instances/" + kept + "/restart");
        assertThat(token(client, kept)).isEqualTo("ghp_before");
        client.post("/instances/" + changed + "/start");
        assertThat(token(client, changed)).isEqualTo("ghp_during-" + (made - 1));
        // Its agent is started anew with each, the second time before it is up: the last one counts.
        client.post("/instances/" + changed + "/integrations", github("ghp_after-1"));
        client.post("/instances/" + changed + "/integrations", github("ghp_after-2"));
        assertThat(client.run(changed, "Run the command `echo ${GITHUB_TOKEN##*-}`")
                        .text("response"))
                .contains("printed: 2");
        client.delete("/instances/" + kept);
        client.delete("/instances/" + changed);
    }

    @Test
    void a_private_key_that_nobody_has_sealed_by_for_long_goes(TestStack stack) throws IOException {
        var old = Keyset.primary(key(stack, "integration-private.json"));
        assertThat(stack.run("rotate-keys")).doesNotContain("key " + old + " goes");
        // As if that had been ten days ago.
        var retired = stack.home().resolve("keys/integration-retired.json");
        var times = TestStack.read(retired);
        assertThat(times).contains("\"" + old + "\"");
        Files.writeString(
                retired,
                times.replaceFirst(
                        "\"" + old + "\":\"[^\"]+\"",
                        "\"" + old + "\":\"" + Instant.now().minus(Duration.ofDays(10)) + "\""));

        var told = stack.run("rotate-keys");

        assertThat(told).contains("key " + old + " goes: what it sealed is kept nowhere");
        assertThat(Keyset.ids(key(stack, "integration-private.json"))).doesNotContain(old);
    }
}
