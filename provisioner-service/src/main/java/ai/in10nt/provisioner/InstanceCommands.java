package ai.in10nt.provisioner;

import ai.in10nt.relay.Inbox;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Set;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.eclipse.microprofile.reactive.messaging.Incoming;

/** Commands as they arrive. */
@ApplicationScoped
class InstanceCommands {
    private static final Set<String> TYPES =
            Set.of("instance.create", "instance.start", "instance.stop", "instance.restart", "instance.destroy");

    private final Inbox inbox;
    private final Instances instances;

    InstanceCommands(Inbox inbox, Instances instances) {
        this.inbox = inbox;
        this.instances = instances;
    }

    @Incoming("instance-commands-in")
    Uni<Void> receive(ConsumerRecords<byte[], byte[]> commands) {
        return inbox.receive(commands, TYPES, instances::decide);
    }
}
