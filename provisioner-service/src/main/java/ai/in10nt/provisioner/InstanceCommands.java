package ai.in10nt.provisioner;

import ai.in10nt.contracts.IntegrationEvent;
import ai.in10nt.relay.Inbox;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Commands as they arrive, and what becomes of integrations: one consumer for both, so that it owns the same partitions of each. */
@ApplicationScoped
class InstanceCommands {
    private static final String INTEGRATED = IntegrationEvent.Type.CHANGED.text();
    private static final Set<String> TYPES = Set.of(
            "instance.create", "instance.start", "instance.stop", "instance.restart", "instance.destroy", INTEGRATED);

    private final Inbox inbox;
    private final Instances instances;

    InstanceCommands(Inbox inbox, Instances instances) {
        this.inbox = inbox;
        this.instances = instances;
    }

    @Incoming("instance-commands-in")
    Uni<Void> receive(ConsumerRecords<byte[], byte[]> commands) {
        return inbox.receive(
                commands,
                TYPES,
                (journal, message, partition) -> message.type().equals(INTEGRATED)
                        ? instances.follow(journal, message, partition)
                        : instances.decide(journal, message, partition));
    }
}
