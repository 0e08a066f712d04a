package ai.in10nt.gateway;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Reply;
import ai.in10nt.contracts.TaskState;
import ai.in10nt.contracts.Topic;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.smallrye.reactive.messaging.MutinyEmitter;
import io.smallrye.reactive.messaging.kafka.api.OutgoingKafkaRecordMetadata;
import io.vertx.core.json.JsonObject;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import io.vertx.pgclient.PgException;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.eclipse.microprofile.reactive.messaging.Channel;
import org.eclipse.microprofile.reactive.messaging.Incoming;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Events and replies as they arrive: one transaction a poll brings them into the view and marks the requests they answer. */
@ApplicationScoped
class Events {
    private static final Logger LOG = Logger.getLogger(Events.class);

    private final Pool pool;
    private final Commands commands;
    private final Waiters waiters;
    private final EventLog eventLog;
    private final MutinyEmitter<byte[]> deadLetters;
    private final Counter buried;

    Events(
            Pool pool,
            Commands commands,
            Waiters waiters,
            EventLog eventLog,
            MeterRegistry metrics,
            @Channel("dead-letters-out") MutinyEmitter<byte[]> deadLetters) {
        this.pool = pool;
        this.commands = commands;
        this.waiters = waiters;
        this.eventLog = eventLog;
        this.deadLetters = deadLetters;
        this.buried = metrics.counter("gateway.event.buried");
    }

    private record Answered(String commandId, String subject, Commands.Answer answer) {}

    /** What one poll comes to. */
    private static final class Batch {
        final List<Resource> resources = new ArrayList<>();
        final List<Answered> answered = new ArrayList<>();
        final Set<String> forgotten = new HashSet<>();
        final Set<String> touched = new HashSet<>();
        final List<EventLog.Told> told = new ArrayList<>();
        final List<ConsumerRecord<byte[], byte[]>> poison = new ArrayList<>();
    }

    @Incoming("events-in")
    Uni<Void> receive(ConsumerRecords<byte[], byte[]> records) {
        var batch = new Batch();
        records.forEach(record -> read(record, batch));
        return Uni.createFrom()
                .deferred(() -> project(batch))
                .onFailure(Events::isDataError)
                .recoverWithUni(_ -> oneByOne(records, batch))
                .chain(() -> bury(batch.poison))
                .onFailure()
                .invoke(e -> LOG.warnf("the view waits: %s", e))
                .onFailure()
                .retry()
                .withBackOff(Duration.ofMillis(100), Duration.ofSeconds(2))
                .indefinitely()
                .invoke(() -> wake(batch));
    }

    private Uni<Void> project(Batch batch) {
        return pool.withTransaction(client -> project(client, batch)).replaceWithVoid();
    }

    /** One of them is what the database can't take: that one becomes a dead letter, the others don't wait for it. */
    private Uni<Void> oneByOne(ConsumerRecords<byte[], byte[]> records, Batch all) {
        return Multi.createFrom()
                .iterable(records)
                .onItem()
                .transformToUniAndConcatenate(record -> {
                    var batch = new Batch();
                    read(record, batch);
                    return project(batch).onFailure(Events::isDataError).recoverWithUni(e -> {
                        LOG.errorf(
                                "%s-%d@%d is a dead letter: %s",
                                record.topic(), record.partition(), record.offset(), e);
                        all.poison.add(record);
                        return Uni.createFrom().voidItem();
                    });
                })
                .onItem()
                .ignoreAsUni();
    }

    /** SQLSTATE class 22 (data exception). */
    private static boolean isDataError(Throwable failure) {
        return failure instanceof PgException e
                && e.getSqlState() != null
                && e.getSqlState().startsWith("22");
    }

    private void wake(Batch batch) {
        batch.answered.forEach(answered -> commands.answered(answered.commandId(), answered.answer()));
        batch.touched.forEach(waiters::wake);
        eventLog.wake(batch.told.stream().map(EventLog.Told::tenant).collect(Collectors.toSet()));
    }

    private static void read(ConsumerRecord<byte[], byte[]> record, Batch batch) {
        try {
            read(Message.from(name -> header(record, name), record.value()), record.topic(), batch);
        } catch (RuntimeException e) {
            LOG.errorf("%s-%d@%d is a dead letter: %s", record.topic(), record.partition(), record.offset(), e);
            batch.poison.add(record);
        }
    }

    private static void read(Message message, String topic, Batch batch) {
        if (message.isTombstone()) {
            batch.forgotten.add(message.subject());
            return;
        }
        batch.touched.add(message.subject());
        if (topic.endsWith(".events") && message.revision() != null) {
            batch.told.add(EventLog.Told.of(message));
        }
        Resource.from(message, topic).ifPresent(resource -> {
            batch.resources.add(resource);
            batch.touched.add(resource.instanceId());
        });
        if (message.causationId() != null) {
            var problem = topic.equals(Topic.REPLIES.topicName())
                    ? Json.read(message.data(), Reply.class).problem()
                    : null;
            batch.answered.add(new Answered(
                    message.causationId(), message.subject(), new Commands.Answer(message.revision(), problem)));
        }
    }

    private static Uni<Void> project(SqlClient client, Batch batch) {
        // None needs the answer of another, so they travel together, in one transaction.
        return Uni.join()
                .all(
                        EventLog.add(client, batch.told),
                        View.put(client, newestOnly(batch.resources)),
                        View.forget(client, "resource", batch.forgotten),
                        answer(client, batch.answered),
                        refuse(client, batch.answered),
                        touch(client, batch.touched))
                .andFailFast()
                .replaceWithVoid();
    }

    /** One row can't be written twice by one statement batch in any useful way: the last of each id has it all. */
    private static List<Resource> newestOnly(List<Resource> resources) {
        var newest = new java.util.TreeMap<String, Resource>();
        resources.forEach(
                resource -> newest.merge(resource.id(), resource, (a, b) -> a.revision() > b.revision() ? a : b));
        return List.copyOf(newest.values());
    }

    private static Uni<Void> answer(SqlClient client, List<Answered> answered) {
        if (answered.isEmpty()) {
            return Uni.createFrom().voidItem();
        }
        return client.preparedQuery("update request set answered_at = now(), revision = $2, problem = $3"
                        + " where command_id = $1 and answered_at is null")
                .executeBatch(answered.stream().map(Events::tuple).toList())
                .replaceWithVoid();
    }

    private static Tuple tuple(Answered answered) {
        var problem = answered.answer().problem();
        return Tuple.of(
                answered.commandId(),
                answered.answer().revision(),
                problem == null ? null : new JsonObject(Json.text(problem)));
    }

    /**
     * A task that was refused never began: what the view showed until then ends with the reason. An instance that was refused
     * never was.
     */
    private static Uni<Void> refuse(SqlClient client, List<Answered> answered) {
        var refused = answered.stream()
                .filter(command -> command.answer().problem() != null)
                .toList();
        if (refused.isEmpty()) {
            return Uni.createFrom().voidItem();
        }
        var neverMade = client.preparedQuery(
                        "delete from resource where id = any($1) and kind = 'instance' and revision = 0")
                .execute(Tuple.of(refused.stream().map(Answered::subject).toArray(String[]::new)));
        var neverBegun = client.preparedQuery("update resource set status = 'failed', body = (body::jsonb || $2)::json"
                        + " where id = $1 and kind = 'task' and revision = 0")
                .executeBatch(refused.stream()
                        .map(command -> Tuple.of(
                                command.subject(), ended(command.answer().problem())))
                        .toList());
        return Uni.join().all(neverMade, neverBegun).andFailFast().replaceWithVoid();
    }

    private static JsonObject ended(@Nullable Failure problem) {
        return new JsonObject()
                .put("status", TaskState.FAILED.status())
                .put("state", TaskState.FAILED.text())
                .put("completedAt", Instant.now().toString())
                .put("error", new JsonObject(Json.text(Objects.requireNonNull(problem))));
    }

    private static Uni<Void> touch(SqlClient client, Set<String> touched) {
        if (touched.isEmpty()) {
            return Uni.createFrom().voidItem();
        }
        var ids = touched.stream().sorted().toArray(String[]::new);
        return client.preparedQuery("update resource set version = version + 1 where id in"
                        + " (select id from resource where id = any($1) order by id for update)")
                .execute(Tuple.of(ids))
                .replaceWithVoid();
    }

    private Uni<Void> bury(List<ConsumerRecord<byte[], byte[]>> poison) {
        if (poison.isEmpty()) {
            return Uni.createFrom().voidItem();
        }
        return Uni.join()
                .all(poison.stream().map(this::bury).toList())
                .andFailFast()
                .replaceWithVoid();
    }

    /** The record as it came, with its headers and where it stood. */
    private Uni<Void> bury(ConsumerRecord<byte[], byte[]> record) {
        buried.increment();
        var headers = new RecordHeaders(record.headers());
        headers.add("dead-letter-topic", record.topic().getBytes(StandardCharsets.UTF_8));
        headers.add(
                "dead-letter-offset", (record.partition() + "@" + record.offset()).getBytes(StandardCharsets.UTF_8));
        return deadLetters.sendMessage(org.eclipse.microprofile.reactive.messaging.Message.of(
                        // A letter must have a value, even where its record has none.
                        record.value() == null ? new byte[0] : record.value())
                .addMetadata(OutgoingKafkaRecordMetadata.<byte[]>builder()
                        .withTopic(Topic.DEAD_LETTERS.topicName())
                        .withKey(record.key())
                        .withPartition(record.partition())
                        .withHeaders(headers)
                        .build()));
    }

    static byte @Nullable [] header(ConsumerRecord<byte[], byte[]> record, String name) {
        var header = record.headers().lastHeader(name);
        return header == null ? null : header.value();
    }
}
