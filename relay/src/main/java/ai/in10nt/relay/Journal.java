package ai.in10nt.relay;

import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Reply;
import ai.in10nt.contracts.Topic;
import io.smallrye.mutiny.Uni;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import org.hibernate.reactive.mutiny.Mutiny;

/**
 * One transaction of an owner, and the rows that go with its decisions: events, records for Kafka, answers to commands. They are
 * gathered, and written by one statement at the end, because each statement is a round trip.
 */
public final class Journal {
    private static final int ROWS_AT_ONCE = 200;
    private static final int ROOM_FOR_HEADERS = 64 * 1024;

    private final Mutiny.Session session;
    private final Set<String> answered;
    private final List<List<Object>> events = new ArrayList<>();
    private final List<List<Object>> records = new ArrayList<>();
    private final List<List<Object>> answers = new ArrayList<>();

    private Journal(Mutiny.Session session, Collection<String> answered) {
        this.session = session;
        this.answered = new HashSet<>(answered);
    }

    /** A transaction that decides no command. */
    public static <T> Uni<T> transaction(Mutiny.SessionFactory sessions, Function<Journal, Uni<T>> work) {
        return transaction(sessions, List.of(), work);
    }

    /**
     * A transaction in a session of its own. Two that decide the same command at once don't both commit: the answer's key forbids.
     *
     * @param commands ids of those that it may decide
     */
    static <T> Uni<T> transaction(
            Mutiny.SessionFactory sessions, List<String> commands, Function<Journal, Uni<T>> work) {
        return sessions.openSession()
                .flatMap(session -> session.withTransaction(_ -> answered(session, commands)
                                .map(known -> new Journal(session, known))
                                .flatMap(journal -> work.apply(journal)
                                        .flatMap(result -> journal.write().map(_ -> result))))
                        .eventually(session::close));
    }

    private static Uni<List<String>> answered(Mutiny.Session session, List<String> commands) {
        return commands.isEmpty()
                ? Uni.createFrom().item(List.of())
                : session.createNativeQuery(
                                "select command_id from answer where command_id in (:commands)", String.class)
                        .setParameter("commands", commands)
                        .getResultList();
    }

    /** Looks which of these, that weren't among the transaction's own, were decided before. */
    public Uni<Void> recall(List<String> commands) {
        return answered(session, commands).invoke(answered::addAll).replaceWithVoid();
    }

    /** Writes what has been gathered so far, and lets the session forget its rows: for work that comes in pages. */
    public Uni<Void> turnPage() {
        return write().invoke(session::clear);
    }

    public Mutiny.Session session() {
        return session;
    }

    /** Whether the command was decided before, so that a redelivery is not. */
    public boolean isAnswered(Message command) {
        return answered.contains(command.id());
    }

    /** An event: kept for ever, and on its way to Kafka. */
    public void event(Topic topic, int partition, Message event) {
        events.add(List.of(
                event.id(),
                event.subject(),
                Objects.requireNonNull(event.revision(), "an event has a revision"),
                event.type(),
                event.time(),
                Json.text(event.headers()),
                event.data()));
        send(topic, partition, event);
    }

    /** A record that isn't an event of an aggregate: a reply, a dead letter, a tombstone. */
    public void send(Topic topic, int partition, Message message) {
        if (message.data().length > Topic.MAX_RECORD_BYTES - ROOM_FOR_HEADERS) {
            throw new IllegalArgumentException(message + " is too large for a record");
        }
        records.add(
                List.of(partition, topic.topicName(), message.subject(), Json.text(message.headers()), message.data()));
    }

    /**
     * That the command is decided.
     *
     * @param outcome the type of the event or reply that answers it
     */
    public void answer(Message command, String outcome) {
        answered.add(command.id());
        answers.add(List.of(command.id(), command.subject(), outcome, command.time()));
    }

    /**
     * Answers a command by a reply instead of an event.
     *
     * @param type such as {@code instance.refused}
     * @param source of the owner
     */
    public void reply(Message command, String type, String source, Reply reply, int partition, Instant now) {
        var message = new Message(
                Ids.event(),
                type,
                source,
                command.subject(),
                now,
                command.tenant(),
                null,
                command.id(),
                command.trace(),
                Json.bytes(reply));
        send(Topic.REPLIES, partition, message);
        answer(command, type);
    }

    private Uni<Void> write() {
        if (records.isEmpty()) {
            return session.flush();
        }
        var events = take(this.events);
        var answers = take(this.answers);
        var records = take(this.records);
        var sql = new StringBuilder();
        var values = new ArrayList<>();
        if (!events.isEmpty()) {
            sql.append("with e as (insert into event (id, subject, revision, type, at, headers, data) values ");
            add(sql, values, events);
            sql.append(")");
        }
        if (!answers.isEmpty()) {
            sql.append(sql.isEmpty() ? "with" : ",");
            sql.append(" a as (insert into answer (command_id, subject, outcome, at) values ");
            add(sql, values, answers);
            sql.append(") ");
        }
        // In the order of their decisions: the numbers that they get are the order of publishing.
        sql.append("insert into outbox (partition, topic, key, headers, data) values ");
        add(sql, values, records);
        var query = session.createNativeQuery(sql.toString());
        for (int i = 0; i < values.size(); i++) {
            query.setParameter(i + 1, values.get(i));
        }
        return query.executeUpdate().chain(this::write);
    }

    private static List<List<Object>> take(List<List<Object>> rows) {
        var some = rows.subList(0, Math.min(rows.size(), ROWS_AT_ONCE));
        var taken = List.copyOf(some);
        some.clear();
        return taken;
    }

    private static void add(StringBuilder sql, List<Object> values, List<List<Object>> rows) {
        for (int i = 0; i < rows.size(); i++) {
            sql.append(i == 0 ? "(" : ", (");
            sql.append(String.join(", ", Collections.nCopies(rows.get(i).size(), "?")));
            sql.append(')');
            values.addAll(rows.get(i));
        }
    }
}
