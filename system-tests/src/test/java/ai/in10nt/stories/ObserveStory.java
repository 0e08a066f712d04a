package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** What can be seen from outside of what goes on inside. */
@Isolated
@ExtendWith(SharedStack.class)
class ObserveStory {
    @SuppressWarnings("NullAway.Init")
    private static TestStack stack;

    @SuppressWarnings("NullAway.Init")
    private static Client client;

    private static String id = "";

    @BeforeAll
    static void use(TestStack shared) {
        stack = shared;
        client = shared.client();
        id = client.create("observed-" + word());
    }

    @AfterAll
    static void destroy() {
        client.delete("/instances/" + id);
    }

    private static String word() {
        return "o" + Integer.toString(ThreadLocalRandom.current().nextInt(1_000_000, 9_999_999), 36);
    }

    @Test
    void one_trace_and_one_request_id_go_from_the_request_to_the_model() {
        var word = word();
        var trace = "4bf92f3577b34da6a3ce929d0e0e4736";

        var task = client.send(
                "POST",
                "/instances/" + id + "/run",
                "{\"prompt\":\"hello " + word + "\"}",
                "Content-Type",
                "application/json",
                "X-Request-Id",
                "req-" + word,
                "traceparent",
                "00-" + trace + "-00f067aa0ba902b7-01");

        assertThat(task.headers().firstValue("X-Request-Id")).contains("req-" + word);
        assertThat(Events.of(stack.kafka(), "in10nt.task.events", task.text("taskId")))
                .hasSize(3)
                .allSatisfy(event -> {
                    assertThat(event.headers().get("ce_requestid")).isEqualTo("req-" + word);
                    assertThat(event.headers().get("traceparent")).contains(trace);
                });
        assertThat(stack.asked(word))
                .isNotEmpty()
                .allSatisfy(
                        asked -> assertThat(asked.path("traceparent").asText()).contains(trace));
    }

    @Test
    void services_count_what_they_do_and_the_status_says_what_waits() {
        var status = stack.status();

        assertThat(metrics(status))
                .contains(
                        "gateway_command_accepted_total{type=\"instance.create\"}",
                        "relay_message_received_total{outcome=\"handled\"}",
                        "relay_step_taken_total{outcome=\"ok\"}",
                        "provisioner_fly_called_seconds_count{action=\"create machine\",outcome=\"ok\"}",
                        "provisioner_instance_settled_total{outcome=\"healthy\"}");
        var backlog = status.path("backlog");
        assertThat(backlog.path("lag").has("api-gateway"))
                .as(backlog.toString())
                .isTrue();
        assertThat(backlog.path("unsettled").has("provisioner-service")).isTrue();
        assertThat(backlog.path("deadLetters").asLong()).isNotNegative();
    }

    private static String metrics(JsonNode status) {
        var metrics = new StringBuilder();
        status.path("services").forEach(service -> {
            if (service.path("name").asText().matches("api-gateway|.*-service")) {
                metrics.append(new Client(service.path("url").asText(), "")
                        .get(service.path("name").asText().equals("api-gateway") ? "/metrics" : "/q/metrics")
                        .body());
            }
        });
        return metrics.toString();
    }

    @Test
    void what_the_dashboard_shows_is_counted() {
        client.run(id, "hello");
        // Counted from their first time on, which needn't have come yet.
        var rare = Set.of(
                "gateway_command_repeated_total",
                "gateway_event_buried_total",
                "integration_partner_asked_seconds_count",
                // Kafka's own are looked for once a minute.
                "kafka_consumer_fetch_manager_records_lag");
        var dashboard = TestStack.read(TestStack.ROOT.resolve("docker/grafana/dashboards/in10nt.json"));
        var named = Pattern.compile("\\b[a-z]+(_[a-z]+)+(?=[{\\[)])")
                .matcher(dashboard.replaceAll("by \\([^)]*\\)", ""))
                .results()
                .map(MatchResult::group)
                .collect(Collectors.toSet());

        var counted = metrics(stack.status())
                .lines()
                .map(line -> line.replaceFirst("[{ ].*", ""))
                .collect(Collectors.toSet());

        assertThat(named).hasSizeGreaterThan(12);
        named.removeAll(rare);
        assertThat(counted).containsAll(named);
    }
}
