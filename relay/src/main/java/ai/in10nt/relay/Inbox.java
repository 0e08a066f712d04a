package ai.in10nt.relay;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Reply;
import ai.in10nt.contracts.Topic;
import com.fasterxml.jackson.core.JsonProcessingException;
import io.micrometer.core.instrument.MeterRegistry;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import io.vertx.pgclient.PgException;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.config.inject.ConfigProperty;
import org.hibernate.reactive.mutiny.Mutiny;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Takes what a poll brought through one transaction for each partition. Trouble (the database is away) is retried for ever and keeps the order; a
 * record that can't be understood, or that trips a bug, becomes a dead letter and doesn't block the next one.
 */
@ApplicationScoped
public class Inbox {
    /** Decides one message inside its partition's transaction. */
    @FunctionalInterface
    public interface Handler {
        Uni<Void> handle(Journal journal, Message message, int partition);
    }

    private static final Logger LOG = Logger.getLogger(Inbox.class);
    private static final int ATTEMPTS_BEFORE_A_BUG = 3;
    private static final int PARTITIONS_AT_ONCE = 6;
    private static final int MAX_BURIED_BYTES = 1024 * 1024;
    private static final int MAX_HEADERS = 50;
    private static final int MAX_HEADER = 4096;

    private final Mutiny.SessionFactory sessions;
    private final Owner owner;
    private final String application;
    private final MeterRegistry metrics;

    Inbox(
            Mutiny.SessionFactory sessions,
            Owner owner,
            @ConfigProperty(name = "quarkus.application.name") String application,
            MeterRegistry metrics) {
        this.sessions = sessions;
        this.owner = owner;
        this.application = application;
        this.metrics = metrics;
    }

    /**
     * Handles what a poll brought.
     *
     * @param types the {@code ce_type}s that are understood; others are skipped, so that a newer writer is no poison
     */
    public Uni<Void> receive(ConsumerRecords<byte[], byte[]> records, Set<String> types, Handler handler) {
        var partitions = StreamSupport.stream(records.spliterator(), false)
                .filter(record -> isUnderstood(record, types))
                .collect(Collectors.groupingBy(ConsumerRecord::partition));
        return Multi.createFrom()
                .items(partitions.entrySet().stream())
                .onItem()
                .transformToUni(entry -> receive(entry.getKey(), entry.getValue(), handler))
                .merge(PARTITIONS_AT_ONCE)
                .onItem()
                .ignoreAsUni();
    }

    /** What a partition's owner decides doesn't touch another partition's rows. */
    private Uni<Void> receive(int partition, List<ConsumerRecord<byte[], byte[]>> batch, Handler handler) {
        return transaction(batch, handler)
                .onFailure()
                .recoverWithUni(failure -> oneByOne(batch, handler))
                .invoke(() -> nudge(partition, batch.size()));
    }

    private void nudge(int partition, int count) {
        FailPoint.reach("after-commit");
        metrics.counter("relay.message.received", "outcome", "handled").increment(count);
        owner.nudge(Set.of(partition));
    }

    private static boolean isUnderstood(ConsumerRecord<byte[], byte[]> record, Set<String> types) {
        var type = header(record, "ce_type");
        return type == null || types.contains(new String(type, StandardCharsets.UTF_8));
    }

    private Uni<Void> transaction(List<ConsumerRecord<byte[], byte[]>> batch, Handler handler) {
        return Journal.transaction(
                sessions,
                commandsOf(batch),
                journal -> Multi.createFrom()
                        .iterable(batch)
                        .onItem()
                        .transformToUniAndConcatenate(record -> handle(journal, record, handler))
                        .onItem()
                        .ignoreAsUni());
    }

    private static List<String> commandsOf(List<ConsumerRecord<byte[], byte[]>> batch) {
        return batch.stream()
                .filter(Inbox::isCommand)
                .map(record -> header(record, "ce_id"))
                .filter(Objects::nonNull)
                .map(Inbox::text)
                .toList();
    }

    private static boolean isCommand(ConsumerRecord<byte[], byte[]> record) {
        return record.topic().endsWith(".commands");
    }

    private Uni<Void> handle(Journal journal, ConsumerRecord<byte[], byte[]> record, Handler handler) {
        Message message;
        try {
            message = Message.from(name -> header(record, name), record.value());
        } catch (RuntimeException e) {
            journal.send(Topic.DEAD_LETTERS, record.partition(), deadLetter(record, e));
            return Uni.createFrom().voidItem();
        }
        return handler.handle(journal, message, record.partition());
    }

    private Uni<Void> oneByOne(List<ConsumerRecord<byte[], byte[]>> batch, Handler handler) {
        return Multi.createFrom()
                .iterable(batch)
                .onItem()
                .transformToUniAndConcatenate(record -> alone(record, handler))
                .onItem()
                .ignoreAsUni();
    }

    private Uni<Void> alone(ConsumerRecord<byte[], byte[]> record, Handler handler) {
        return transaction(List.of(record), handler)
                .onFailure(Inbox::isBug)
                .retry()
                .atMost(ATTEMPTS_BEFORE_A_BUG - 1)
                .onFailure(Inbox::isBug)
                .recoverWithUni(bug -> bury(record, bug))
                .onFailure()
                .invoke(trouble ->
                        LOG.warnf("%s-%d@%d waits: %s", record.topic(), record.partition(), record.offset(), trouble))
                .onFailure()
                .retry()
                .withBackOff(Duration.ofMillis(200), Duration.ofSeconds(2))
                .indefinitely();
    }

    private Uni<Void> bury(ConsumerRecord<byte[], byte[]> record, Throwable bug) {
        metrics.counter("relay.message.received", "outcome", "buried").increment();
        LOG.errorf(bug, "%s-%d@%d becomes a dead letter", record.topic(), record.partition(), record.offset());
        return Journal.transaction(sessions, commandsOf(List.of(record)), journal -> {
            journal.send(Topic.DEAD_LETTERS, record.partition(), deadLetter(record, bug));
            if (isCommand(record)) {
                answerFor(journal, record);
            }
            return Uni.createFrom().voidItem();
        });
    }

    /** A command is answered even so: its sender must not wait, and repeat it, for ever. */
    private void answerFor(Journal journal, ConsumerRecord<byte[], byte[]> record) {
        var command = Message.from(name -> header(record, name), record.value());
        if (journal.isAnswered(command)) {
            return;
        }
        var problem = new Failure("internal_error", "The command couldn't be decided; it was logged.");
        var reply = Reply.refused(new Reply.Command(command.id(), command.type()), problem);
        var type = command.type().substring(0, command.type().indexOf('.') + 1) + "refused";
        var message = new Message(
                Ids.event(),
                type,
                "/" + application,
                command.subject(),
                Instant.now(),
                command.tenant(),
                null,
                command.id(),
                command.trace(),
                Json.bytes(reply));
        journal.send(Topic.REPLIES, record.partition(), message);
        journal.answer(command, type);
    }

    /** The record, where it stood and why; values of commands are sealed, so nothing secret is repeated here. */
    private Message deadLetter(ConsumerRecord<byte[], byte[]> record, Throwable reason) {
        var key = record.key() == null
                ? ""
                : text(Arrays.copyOf(record.key(), Math.min(record.key().length, MAX_HEADER)));
        var data = Map.of(
                "topic", record.topic(),
                "partition", record.partition(),
                "offset", record.offset(),
                "key", key,
                "reason", reason.getClass().getSimpleName() + ": " + firstLine(reason),
                "headers", headers(record),
                "value", Base64.getEncoder().encodeToString(beginning(record.value())));
        return new Message(
                Ids.event(),
                "dead-letter",
                "/" + application,
                key,
                Instant.now(),
                "",
                null,
                null,
                null,
                Json.bytes(data));
    }

    /** What fits into a record together with the rest, whatever came. */
    private static byte[] beginning(byte @Nullable [] value) {
        return value == null ? new byte[0] : Arrays.copyOf(value, Math.min(value.length, MAX_BURIED_BYTES));
    }

    private static Map<String, String> headers(ConsumerRecord<byte[], byte[]> record) {
        var headers = new java.util.TreeMap<String, String>();
        record.headers().forEach(header -> {
            if (header.value() != null && headers.size() < MAX_HEADERS) {
                var value = header.value();
                headers.put(header.key(), text(Arrays.copyOf(value, Math.min(value.length, MAX_HEADER))));
            }
        });
        return headers;
    }

    /** As PostgreSQL takes it. */
    private static String text(byte[] bytes) {
        return new String(bytes, StandardCharsets.UTF_8).replace('\0', '\ufffd');
    }

    /** Jackson repeats the input after the first line of its messages. */
    private static String firstLine(Throwable reason) {
        return String.valueOf(reason.getMessage()).lines().findFirst().orElse("");
    }

    private static byte @Nullable [] header(ConsumerRecord<byte[], byte[]> record, String name) {
        var header = record.headers().lastHeader(name);
        return header == null ? null : header.value();
    }

    /** Whether trying again can't help: our own code or the record is at fault, not the world. */
    private static boolean isBug(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof JsonProcessingException
                    || t instanceof IllegalArgumentException
                    || t instanceof NullPointerException
                    || t instanceof ClassCastException
                    || t instanceof IndexOutOfBoundsException
                    || (t instanceof PgException pg && isDataError(pg.getSqlState()))
                    // What Hibernate makes of it.
                    || (t instanceof SQLException sql && isDataError(sql.getSQLState()))) {
                return true;
            }
        }
        return false;
    }

    /** SQLSTATE classes 22 (data exception) and 23 (integrity constraint violation). */
    private static boolean isDataError(@Nullable String sqlState) {
        return sqlState != null && (sqlState.startsWith("22") || sqlState.startsWith("23"));
    }
}
