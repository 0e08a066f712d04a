package ai.in10nt.contracts;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * One record on a topic: a CloudEvent 1.0 in binary mode. The attributes are Kafka headers with the prefix {@code ce_}, the
 * record's value is the JSON data, its key the id of the aggregate.
 *
 * @param id unique for a message; a record seen twice has the same id and the same bytes. A command's id is its {@code cmd_…}.
 * @param type e.g. {@code instance.healthy}
 * @param source the service that wrote it
 * @param subject the aggregate's id
 * @param revision of the aggregate, on events; rises by one with each
 * @param causationId the command that this answers: on the event that it caused, or on its reply. Once for each command.
 * @param trace the request behind it: headers {@code traceparent} and {@code ce_requestid}
 */
@SuppressWarnings("ArrayRecordComponent") // bytes as Kafka has them: compared by id, never by content
public record Message(
        String id,
        String type,
        String source,
        String subject,
        Instant time,
        String tenant,
        @Nullable Long revision,
        @Nullable String causationId,
        @Nullable Trace trace,
        byte[] data) {

    private static final String FORGOTTEN = ".forgotten";

    /**
     * The last record of an aggregate that is gone for good: without a value, so that compaction ends it; consumers drop what they
     * know of it.
     *
     * @param kind e.g. {@code instance}
     */
    public static Message tombstone(
            String id, String kind, String source, String subject, Instant time, String tenant) {
        return new Message(id, kind + FORGOTTEN, source, subject, time, tenant, null, null, null, new byte[0]);
    }

    public boolean isTombstone() {
        return type.endsWith(FORGOTTEN);
    }

    /** The Kafka headers, in the order they are written. */
    public Map<String, String> headers() {
        var headers = new LinkedHashMap<String, String>();
        headers.put("ce_specversion", "1.0");
        headers.put("ce_id", id);
        headers.put("ce_type", type);
        headers.put("ce_source", source);
        headers.put("ce_subject", subject);
        headers.put("ce_time", time.toString());
        headers.put("ce_tenant", tenant);
        if (revision != null) {
            headers.put("ce_revision", revision.toString());
        }
        if (causationId != null) {
            headers.put("ce_causationid", causationId);
        }
        if (trace != null) {
            if (trace.requestId() != null) {
                headers.put("ce_requestid", trace.requestId());
            }
            headers.put("traceparent", trace.traceparent());
        }
        headers.put("content-type", "application/json");
        return headers;
    }

    /** Reads a record back. Throws {@link IllegalArgumentException} naming the header that is missing or wrong. */
    public static Message from(Function<String, byte @Nullable []> header, byte @Nullable [] data) {
        var type = text(header, "ce_type");
        if (data == null && (type == null || !type.endsWith(FORGOTTEN))) {
            throw new IllegalArgumentException("the record has no value");
        }
        var revision = text(header, "ce_revision");
        var traceparent = text(header, "traceparent");
        return new Message(
                required(header, "ce_id"),
                required(header, "ce_type"),
                required(header, "ce_source"),
                required(header, "ce_subject"),
                Instant.parse(required(header, "ce_time")),
                required(header, "ce_tenant"),
                revision == null ? null : Long.valueOf(revision),
                text(header, "ce_causationid"),
                traceparent == null ? null : new Trace(traceparent, text(header, "ce_requestid")),
                data == null ? new byte[0] : data);
    }

    private static String required(Function<String, byte @Nullable []> header, String name) {
        var value = text(header, name);
        if (value == null) {
            throw new IllegalArgumentException("the record has no header " + name);
        }
        return value;
    }

    private static @Nullable String text(Function<String, byte @Nullable []> header, String name) {
        var value = header.apply(name);
        if (value == null) {
            return null;
        }
        var text = new String(value, StandardCharsets.UTF_8);
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("the record's header " + name + " has a NUL");
        }
        return text;
    }

    @Override
    public String toString() {
        return type + " " + subject + (revision == null ? "" : " revision " + revision) + " (" + id + ")";
    }
}
