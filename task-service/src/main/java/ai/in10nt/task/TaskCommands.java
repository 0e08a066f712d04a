package ai.in10nt.task;

import ai.in10nt.contracts.InstanceEvent;
import ai.in10nt.contracts.Message;
import ai.in10nt.relay.Inbox;
import ai.in10nt.relay.Journal;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Arrays;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Commands and instance events as they arrive: one consumer for both, so that it owns the same partitions of each. */
@ApplicationScoped
class TaskCommands {
    private static final String RUN = "task.run";
    private static final String CANCEL = "task.cancel";
    private static final String FORGOTTEN = "instance.forgotten";
    private static final Set<String> TYPES = Stream.concat(
                    Stream.of(RUN, CANCEL, FORGOTTEN),
                    Arrays.stream(InstanceEvent.Type.values()).map(InstanceEvent.Type::text))
            .collect(Collectors.toUnmodifiableSet());

    private final Inbox inbox;
    private final Tasks tasks;

    TaskCommands(Inbox inbox, Tasks tasks) {
        this.inbox = inbox;
        this.tasks = tasks;
    }

    @Incoming("task-commands-in")
    Uni<Void> receive(ConsumerRecords<byte[], byte[]> records) {
        return inbox.receive(records, TYPES, this::handle);
    }

    private Uni<Void> handle(Journal journal, Message message, int partition) {
        return switch (message.type()) {
            case RUN, CANCEL -> tasks.decide(journal, message, partition);
            case FORGOTTEN -> Tasks.forget(journal, message);
            default -> tasks.follow(journal, message, partition);
        };
    }
}
