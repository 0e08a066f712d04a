package ai.in10nt.gateway;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Topic;
import ai.in10nt.contracts.Trace;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import io.vertx.core.buffer.Buffer;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.OnOverflow;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Commands on their way to their owner. A command is a row before it is a record, and is produced again under the same id until
 * it is answered: once it has been accepted, nothing that dies loses it.
 */
@ApplicationScoped
class Commands {
    private static final Logger LOG = Logger.getLogger(Commands.class);
    private static final String SOURCE = "/api-gateway";
    private static final String FAILPOINTS = System.getenv("IN10NT_FAILPOINTS");

    /** How a command was answered: the revision of the event that it caused, null where nothing had to change. */
    record Answer(@Nullable Long revision, @Nullable Failure problem) {}

    private final Pool pool;
    private final MutinyEmitter<byte[]> emitter;
    private final Waiters waiters;
    private final MeterRegistry metrics;
    private final Map<String, Optional<Answer>> awaited = new ConcurrentHashMap<>();
    /** From a record that couldn't be produced until all that waited since are: new requests don't overtake them. */
    private volatile boolean isKafkaAway;

    Commands(
            Pool pool,
            @Channel("commands-out") @OnOverflow(OnOverflow.Strategy.UNBOUNDED_BUFFER) MutinyEmitter<byte[]> emitter,
            Waiters waiters,
            MeterRegistry metrics) {
        this.metrics = metrics;
        this.pool = pool;
        this.emitter = emitter;
        this.waiters = waiters;
    }

    boolean isKafkaAway() {
        return isKafkaAway;
    }

    void kafkaIsAway(boolean away) {
        isKafkaAway = away;
    }

    /**
     * Accepts a command: row first, then record.
     *
     * @param ids the request's ids; a repeated request has the same, and is the same command
     * @param placeholder what the view shows until the owner's first event, for commands that make something
     * @return the command's id
     */
    String accept(
            String tenant,
            Trace trace,
            Topic topic,
            String type,
            String subject,
            InstanceId instance,
            Object data,
            RequestIds ids,
            @Nullable Resource placeholder) {
        if (isKafkaAway) {
            throw Problem.unavailable(
                    "kafka_unavailable", "Kafka doesn't answer; nothing was started, try again soon.");
        }
        var message = new Message(
                ids.command(), type, SOURCE, subject, Instant.now(), tenant, null, null, trace, Json.bytes(data));
        int partition = Topic.partitionOf(instance);
        boolean isNew = store(message, topic, partition, placeholder);
        ids.onItsWay();
        if (!isNew) {
            // A repeated request: its command is on its way already, as it was then.
            return message.id();
        }
        metrics.counter("gateway.command.accepted", "type", type).increment();
        try {
            send(topic.topicName(), partition, message.subject(), message.headers(), message.data());
            reachAfterAppend();
        } catch (RuntimeException e) {
            // The row is there: it will be produced when Kafka is back. New requests are refused meanwhile.
            isKafkaAway = true;
            LOG.warnf("%s waits for Kafka: %s", message, e.getMessage());
        }
        return message.id();
    }

    private static void reachAfterAppend() {
        try {
            if (FAILPOINTS != null && Files.deleteIfExists(Path.of(FAILPOINTS, "after-append"))) {
                Runtime.getRuntime().halt(137);
            }
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Both rows or none, by one statement: each is a round trip. False: they are there. */
    private boolean store(Message message, Topic topic, int partition, @Nullable Resource placeholder) {
        var values = new ArrayList<Object>(List.of(
                message.id(),
                message.subject(),
                message.tenant(),
                topic.topicName(),
                partition,
                Json.text(message.headers()),
                Buffer.buffer(message.data())));
        var sql = "with stored as (insert into request (command_id, subject, tenant, topic, partition, headers, data)"
                + " values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning 1)";
        if (placeholder != null) {
            values.addAll(View.values(placeholder));
            sql += ", placed as (" + View.PLACE + ")";
        }
        var stored = pool.preparedQuery(sql + " select 1 from stored")
                .execute(Tuple.from(values))
                .await()
                .atMost(View.PATIENCE);
        return stored.size() == 1;
    }

    /**
     * Waits for the owner's answer, which the view then holds. Empty: not yet. A refusal is thrown as the problem it is.
     */
    Optional<Answer> answer(String commandId, String subject, Instant deadline) {
        awaited.putIfAbsent(commandId, Optional.empty());
        try {
            var answer = waiters.until(
                    subject,
                    deadline,
                    () -> awaited.getOrDefault(commandId, Optional.empty()).or(() -> find(commandId)));
            answer.map(Answer::problem).ifPresent(problem -> {
                throw Problem.refused(problem);
            });
            return answer;
        } finally {
            awaited.remove(commandId);
        }
    }

    /** This replica has just brought an answer into the view: whoever waits for it here needn't ask. */
    void answered(String commandId, Answer answer) {
        awaited.replace(commandId, Optional.of(answer));
    }

    private Optional<Answer> find(String commandId) {
        var rows = pool.preparedQuery(
                        "select revision, problem::text as problem from request where command_id = $1 and answered_at is not null")
                .execute(Tuple.of(commandId))
                .await()
                .atMost(View.PATIENCE);
        if (rows.size() == 0) {
            return Optional.empty();
        }
        var row = rows.iterator().next();
        var problem = row.getString("problem");
        return Optional.of(
                new Answer(row.getLong("revision"), problem == null ? null : Json.read(problem, Failure.class)));
    }

    /** Until Kafka has it. */
    void send(String topic, int partition, String key, Map<?, ?> headers, byte[] data) {
        var kafkaHeaders = new RecordHeaders();
        headers.forEach((name, value) ->
                kafkaHeaders.add(name.toString(), value.toString().getBytes(StandardCharsets.UTF_8)));
        emitter.sendMessage(org.eclipse.microprofile.reactive.messaging.Message.of(data)
                        .addMetadata(OutgoingKafkaRecordMetadata.<String>builder()
                                .withTopic(topic)
                                .withPartition(partition)
                                .withKey(key)
                                .withHeaders(kafkaHeaders)
                                .build()))
                .await()
                .atMost(View.PATIENCE);
    }
}
