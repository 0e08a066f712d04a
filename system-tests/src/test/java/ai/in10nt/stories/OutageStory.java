package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.in10nt.chaos.Chaos;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** What all stand on goes away for a while, or what stands on it is exchanged under load; two replicas of every service. */
@Isolated
@Order(Integer.MAX_VALUE)
@ExtendWith(SharedStack.OfTwo.class)
class OutageStory {
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final String RUN = "{\"prompt\":\"hello\",\"async\":true}";
    private static final Duration AWAY = Duration.ofSeconds(12);

    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    private static String id = "";

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        id = stack.client(1).create("outage");
    }

    @AfterAll
    static void destroy() {
        stack.client(2).delete("/instances/" + id);
    }

    private static void without(String name, Runnable meanwhile) {
        stack.run("stop", name);
        try {
            meanwhile.run();
        } finally {
            stack.run("start", name);
        }
    }

    /** What a request is answered while something is away. */
    private static List<Client.Answer> during(Duration time, String method, String path, @Nullable String body) {
        var answers = new ArrayList<Client.Answer>();
        var end = Instant.now().plus(time);
        while (Instant.now().isBefore(end)) {
            answers.add(stack.client(1 + answers.size() % 2)
                    .send(
                            Duration.ofSeconds(20),
                            method,
                            path,
                            body,
                            "Content-Type",
                            "application/json",
                            "Prefer",
                            "respond-async"));
            pause();
        }
        return answers;
    }

    private static void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(500);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Of this project; what they stand on isn't rolled. */
    private static Stream<JsonNode> services() {
        return stack.status()
                .path("services")
                .valueStream()
                .filter(service -> service.path("name").asText().matches("(api-gateway|.*-service).*"));
    }

    private static int restartsOfServices() {
        return services().mapToInt(service -> service.path("restarts").asInt()).sum();
    }

    private static void awaitRun() {
        await("a run works again")
                .atMost(PATIENCE)
                .until(() -> stack.client(1)
                        .post("/instances/" + id + "/run", Map.of("prompt", "hello"))
                        .body()
                        .contains("\"completed\""));
    }

    @Test
    void while_kafka_is_away_reads_go_on_writes_are_refused_and_then_all_heals() {
        int restarts = restartsOfServices();

        var writes = new ArrayList<Client.Answer>();
        var reads = new ArrayList<Client.Answer>();
        without("kafka", () -> {
            writes.addAll(during(AWAY, "POST", "/instances/" + id + "/run", RUN));
            reads.addAll(during(AWAY.dividedBy(4), "GET", "/instances/" + id, null));
        });

        assertThat(reads).isNotEmpty().allMatch(answer -> answer.status() == 200);
        // The first ones may have been accepted before anybody knew: they are rows by then.
        assertThat(writes).allMatch(answer -> answer.status() == 202 || answer.status() == 503);
        assertThat(writes.getLast().status()).isEqualTo(503);
        assertThat(writes.getLast().text("code")).isEqualTo("kafka_unavailable");
        assertThat(writes.getLast().headers().firstValue("Retry-After")).isPresent();
        for (var accepted : writes) {
            if (accepted.status() == 202) {
                await("what was accepted is done")
                        .atMost(PATIENCE)
                        .until(() -> stack.client(2)
                                .task(id, accepted.text("taskId"))
                                .path("status")
                                .asText()
                                .equals("completed"));
            }
        }
        awaitRun();
        assertThat(restartsOfServices()).as("no service died of it").isEqualTo(restarts);
    }

    @Test
    void while_postgresql_is_away_requests_are_refused_and_then_all_heals() {
        int restarts = restartsOfServices();

        var reads = new ArrayList<Client.Answer>();
        var writes = new ArrayList<Client.Answer>();
        without("postgresql", () -> {
            reads.addAll(during(AWAY.dividedBy(3), "GET", "/instances/" + id, null));
            writes.addAll(during(AWAY.dividedBy(3), "POST", "/instances/" + id + "/run", RUN));
        });

        assertThat(reads).isNotEmpty().allMatch(answer -> answer.status() == 503);
        assertThat(writes).isNotEmpty().allMatch(answer -> answer.status() == 503);
        assertThat(reads)
                .allMatch(answer -> answer.headers().firstValue("Retry-After").isPresent());
        awaitRun();
        assertThat(restartsOfServices()).as("no service died of it").isEqualTo(restarts);
    }

    @Test
    void services_that_start_before_what_they_stand_on_wait_for_it() {
        var services = List.of(
                "api-gateway-1", "provisioner-service-1", "task-service-1", "log-service-1", "integration-service-1");
        without("postgresql", () -> without("kafka", () -> services.forEach(stack::kill)));

        var all = services().toList();
        assertThat(all).hasSizeGreaterThan(services.size());
        for (var service : all) {
            var name = service.path("name").asText();
            var one = new Client(service.path("url").asText(), "");
            await(name + " is ready again")
                    .atMost(PATIENCE)
                    .ignoreExceptionsInstanceOf(UncheckedIOException.class)
                    .until(() -> one.get(name.startsWith("api-gateway") ? "/health/ready" : "/q/health/ready")
                                    .status()
                            == 200);
        }
        awaitRun();
    }

    @Test
    void as_many_as_there_are_are_there_at_once() {
        assertThat(stack.run("scale", "2")).isEqualTo("2 of each service");
    }

    @Test
    void a_rolling_restart_under_load_fails_no_request() throws InterruptedException {
        var rolled = new StringBuilder();

        var report = Chaos.load(stack.installation(), 1, () -> rolled.append(stack.run("roll")));

        System.out.println(report.figures());
        assertThat(rolled.toString().lines()).as(rolled.toString()).hasSize((int)
                services().count());
        assertThat(report.violations()).as(report.toString()).isEmpty();
        assertThat(report.refused()).as(report.toString()).isZero();
    }

    @Test
    void the_view_is_made_anew_under_load() throws InterruptedException {
        var client = stack.client(2);
        var rebuilt = new ArrayList<Client.Answer>();

        var report = Chaos.load(stack.installation(), 2, () -> {
            var end = Instant.now().plusSeconds(6);
            while (Instant.now().isBefore(end)) {
                rebuilt.add(client.post("/admin/rebuild-view"));
            }
        });

        System.out.println(report.figures() + "; " + rebuilt.size() + " times: " + rebuilt.getLast());
        assertThat(rebuilt).isNotEmpty().allMatch(answer -> answer.status() == 200);
        assertThat(rebuilt).allMatch(answer -> answer.json().path("different").asInt() == 0);
        assertThat(report.violations()).as(report.toString()).isEmpty();
        assertThat(report.refused()).as(report.toString()).isZero();
    }

    @Test
    void a_revoked_key_is_refused_by_every_replica_once_that_is_said() {
        for (int round = 0; round < 5; round++) {
            var made = stack.client(1).post("/keys", Map.of("name", "short"));
            var first = stack.client(1, made.text("key"));
            var second = stack.client(2, made.text("key"));
            assertThat(List.of(
                            first.get("/instances").status(),
                            second.get("/instances").status()))
                    .containsOnly(200);

            assertThat(stack.client(1).delete("/keys/" + made.text("keyId")).status())
                    .isEqualTo(200);

            assertThat(List.of(
                            second.get("/instances").status(),
                            first.get("/instances").status()))
                    .containsOnly(401);
        }
    }
}
