package ai.in10nt.integration;

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
class IntegrationCommands {
    private static final String SET = "integration.set";
    private static final String FORGOTTEN = "instance.forgotten";
    private static final Set<String> TYPES = Stream.concat(
                    Stream.of(SET, FORGOTTEN),
                    Arrays.stream(InstanceEvent.Type.values()).map(InstanceEvent.Type::text))
            .collect(Collectors.toUnmodifiableSet());

    private final Inbox inbox;
    private final Integrations integrations;

    IntegrationCommands(Inbox inbox, Integrations integrations) {
        this.inbox = inbox;
        this.integrations = integrations;
    }

    @Incoming("integration-commands-in")
    Uni<Void> receive(ConsumerRecords<byte[], byte[]> records) {
        return inbox.receive(records, TYPES, this::handle);
    }

    private Uni<Void> handle(Journal journal, Message message, int partition) {
        return switch (message.type()) {
            case SET -> integrations.decide(journal, message, partition);
            case FORGOTTEN -> integrations.forgetInstance(journal, message);
            default -> integrations.follow(journal, message, partition);
        };
    }
}
