package ai.in10nt.stack;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Trace;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.sdk.testing.exporter.InMemorySpanExporter;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.export.SimpleSpanProcessor;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class SpansTest {
    private static final Instant BEGAN = Instant.parse("2026-01-01T00:00:00Z");
    private static final Trace REQUEST = new Trace("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "req_1");

    private final InMemorySpanExporter sent = InMemorySpanExporter.create();
    private final Spans spans = new Spans(SimpleSpanProcessor.create(sent));

    private static Message event(String type, long revision, long second) {
        return new Message(
                "evt_" + revision,
                type,
                "/task-service",
                "task_1",
                BEGAN.plusSeconds(second),
                "acme",
                revision,
                null,
                REQUEST,
                new byte[0]);
    }

    @Test
    void each_state_is_a_span_in_the_trace_of_its_request() {
        spans.see(event("task.queued", 1, 0));
        spans.see(event("task.running", 2, 1));
        spans.see(event("task.failed", 3, 4));

        var all = sent.getFinishedSpanItems();
        assertThat(all).map(SpanData::getName).containsExactly("task.queued", "task.running");
        assertThat(all).allSatisfy(span -> {
            assertThat(span.getTraceId()).isEqualTo("4bf92f3577b34da6a3ce929d0e0e4736");
            assertThat(span.getParentSpanId()).isEqualTo("00f067aa0ba902b7");
            assertThat(span.getResource().getAttribute(AttributeKey.stringKey("service.name")))
                    .isEqualTo("task-service");
            assertThat(span.getAttributes().get(AttributeKey.stringKey("in10nt.request_id")))
                    .isEqualTo("req_1");
        });
        assertThat(all)
                .map(span -> TimeUnit.NANOSECONDS.toSeconds(span.getEndEpochNanos() - span.getStartEpochNanos()))
                .containsExactly(1L, 3L);
        assertThat(all)
                .map(span -> span.getStatus().getStatusCode())
                .containsExactly(StatusCode.UNSET, StatusCode.ERROR);
    }

    @Test
    void what_is_seen_twice_is_the_same_span() {
        for (int round = 0; round < 2; round++) {
            spans.see(event("task.queued", 1, 0));
            spans.see(event("task.running", 2, 1));
        }

        assertThat(sent.getFinishedSpanItems().stream().map(SpanData::getSpanId).distinct())
                .hasSize(1);
    }

    @Test
    void what_follows_on_nothing_or_belongs_to_no_request_is_none() {
        spans.see(event("task.running", 2, 1));
        spans.see(event("task.completed", 4, 2));
        for (var trace : List.of(new Trace("nonsense", null), REQUEST)) {
            spans.see(new Message("evt_x", "a.b", "/s", "x", BEGAN, "acme", 1L, null, trace, new byte[0]));
        }

        assertThat(sent.getFinishedSpanItems()).isEmpty();
    }
}
