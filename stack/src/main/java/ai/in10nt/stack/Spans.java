package ai.in10nt.stack;

import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Trace;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.context.Context;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.IdGenerator;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.SpanProcessor;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Events as spans: each state that a task, an instance or an integration was in is a span from the event that began it to the one that
 * ended it, in the trace of the request that brought it about. A record that is seen twice makes the same span, with the same ids.
 */
final class Spans implements AutoCloseable {
    /** So many aggregates are waited for at once; the one that has waited longest is forgotten first. */
    private static final int MOST = 20_000;

    private static final Set<String> FAILURES = Set.of("failed", "timed_out", "interrupted", "refused");
    private static final AttributeKey<String> SUBJECT = AttributeKey.stringKey("in10nt.subject");
    private static final AttributeKey<String> TENANT = AttributeKey.stringKey("in10nt.tenant");
    private static final AttributeKey<String> REQUEST = AttributeKey.stringKey("in10nt.request_id");
    private static final AttributeKey<String> NEXT = AttributeKey.stringKey("in10nt.next");
    private static final AttributeKey<String> MESSAGE = AttributeKey.stringKey("messaging.message.id");

    private final SpanProcessor processor;
    private final Map<String, SdkTracerProvider> services = new HashMap<>();
    private final NamedIds ids = new NamedIds();
    private final LinkedHashMap<String, Message> last = new LinkedHashMap<>(16, 0.75f, true);

    Spans(SpanProcessor processor) {
        this.processor = processor;
    }

    /** In the order of a partition: all about one aggregate comes in the order it happened. */
    void see(Message event) {
        var before = event.isTombstone() ? last.remove(event.subject()) : last.put(event.subject(), event);
        if (last.size() > MOST) {
            last.pollFirstEntry();
        }
        if (before != null && before.trace() != null && isNext(before.revision(), event.revision())) {
            span(before, before.trace(), event);
        }
    }

    private static boolean isNext(@Nullable Long revision, @Nullable Long next) {
        return revision != null && next != null && next == revision + 1;
    }

    private void span(Message from, Trace trace, Message to) {
        if (trace.traceId().isEmpty()) {
            return;
        }
        var parent = SpanContext.createFromRemoteParent(
                trace.traceId(),
                trace.traceparent().substring(36, 52),
                TraceFlags.getSampled(),
                TraceState.getDefault());
        ids.next(from.id());
        var attributes = Attributes.builder()
                .put(SUBJECT, from.subject())
                .put(TENANT, from.tenant())
                .put(MESSAGE, from.id())
                .put(NEXT, to.type());
        if (trace.requestId() != null) {
            attributes.put(REQUEST, trace.requestId());
        }
        var span = service(from.source())
                .get("in10nt")
                .spanBuilder(from.type())
                .setParent(Context.root().with(Span.wrap(parent)))
                .setSpanKind(SpanKind.INTERNAL)
                .setStartTimestamp(from.time())
                .setAllAttributes(attributes.build())
                .startSpan();
        if (FAILURES.contains(to.type().replaceFirst(".*\\.", ""))) {
            span.setStatus(StatusCode.ERROR, to.type());
        }
        span.end(to.time());
    }

    private SdkTracerProvider service(String source) {
        return services.computeIfAbsent(
                source.replace("/", ""),
                name -> SdkTracerProvider.builder()
                        .setResource(Resource.create(Attributes.of(
                                AttributeKey.stringKey("service.name"),
                                name,
                                AttributeKey.stringKey("service.namespace"),
                                "in10nt")))
                        .setIdGenerator(ids)
                        .addSpanProcessor(processor)
                        .build());
    }

    @Override
    public void close() {
        services.values().forEach(SdkTracerProvider::close);
    }

    /** An id that follows from an event's, so that the same event is the same span. */
    private static final class NamedIds implements IdGenerator {
        private String name = "";

        void next(String name) {
            this.name = name;
        }

        @Override
        public String generateSpanId() {
            return hash().substring(0, 16);
        }

        @Override
        public String generateTraceId() {
            return hash().substring(0, 32);
        }

        private String hash() {
            try {
                return HexFormat.of()
                        .formatHex(MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8)));
            } catch (NoSuchAlgorithmException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}
