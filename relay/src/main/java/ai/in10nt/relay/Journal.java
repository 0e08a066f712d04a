package ai.in10nt.relay;

import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Topic;
import io.smallrye.mutiny.Uni;
import org.hibernate.reactive.mutiny.Mutiny;

/** The rows that go with a decision, written in its transaction. */
public final class Journal {
    private Journal() {}

    /** An event: kept for ever, and on its way to Kafka. */
    public static Uni<Void> event(Mutiny.Session session, Topic topic, int partition, Message event) {
        return session.persistAll(EventRow.of(event), OutboxRow.of(topic, partition, event));
    }

    /** A record that isn't an event of an aggregate: a reply, a dead letter. */
    public static Uni<Void> send(Mutiny.Session session, Topic topic, int partition, Message message) {
        return session.persist(OutboxRow.of(topic, partition, message));
    }

    public static Uni<Boolean> isAnswered(Mutiny.Session session, Message command) {
        return session.find(AnswerRow.class, command.id()).map(row -> row != null);
    }

    /**
     * That the command is decided, so that a redelivery is not.
     *
     * @param outcome the type of the event or reply that answers it
     */
    public static Uni<Void> answer(Mutiny.Session session, Message command, String outcome) {
        var row = new AnswerRow();
        row.commandId = command.id();
        row.subject = command.subject();
        row.outcome = outcome;
        row.at = command.time();
        return session.persist(row);
    }
}
