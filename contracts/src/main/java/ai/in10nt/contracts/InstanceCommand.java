package ai.in10nt.contracts;

import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is wanted of an instance. Each names the outcome, so that asking twice is asking once. */
public sealed interface InstanceCommand {
    InstanceId instanceId();

    /**
     * An instance under the id that the gateway minted.
     *
     * @param vmSize a Fly preset, e.g. {@code shared-cpu-4x}
     * @param env names only; the values are in {@code sealedEnv}
     * @param sealedEnv the values, as JSON map sealed to provisioner-service for this tenant and instance
     * @param autoStopMinutes without use, after which it is stopped
     * @param ttlMinutes after which it is destroyed, counted from its creation
     * @param uniqueName true: refused where another one of the tenant, not destroyed, has the name
     * @param integrations names of those that it begins with; their values go to their owner by a command of their own
     */
    record Create(
            InstanceId instanceId,
            String name,
            String description,
            String agentType,
            String vmSize,
            String region,
            List<String> env,
            @Nullable String sealedEnv,
            Map<String, String> labels,
            @Nullable Integer autoStopMinutes,
            @Nullable Integer ttlMinutes,
            @Nullable Boolean uniqueName,
            List<String> integrations)
            implements InstanceCommand {
        public Create {
            env = List.copyOf(env);
            labels = Map.copyOf(labels);
            // Older commands have none.
            integrations = integrations == null ? List.of() : List.copyOf(integrations);
        }
    }

    /** The machine runs and the agent answers; nothing happens where it does already. */
    record Start(InstanceId instanceId) implements InstanceCommand {}

    /** The machine is off; the workspace stays. */
    record Stop(InstanceId instanceId) implements InstanceCommand {}

    /** The machine boots anew, whether it runs or not. */
    record Restart(InstanceId instanceId) implements InstanceCommand {}

    /** The machine, its volume and the workspace are gone for good. */
    record Destroy(InstanceId instanceId) implements InstanceCommand {}

    /** The wire name, the message's {@code ce_type}. */
    static String typeOf(InstanceCommand command) {
        return switch (command) {
            case Create _ -> "instance.create";
            case Start _ -> "instance.start";
            case Stop _ -> "instance.stop";
            case Restart _ -> "instance.restart";
            case Destroy _ -> "instance.destroy";
        };
    }

    /** Reads a message back; {@link IllegalArgumentException} for a type that isn't one of these. */
    static InstanceCommand from(Message message) {
        Class<? extends InstanceCommand> type = switch (message.type()) {
            case "instance.create" -> Create.class;
            case "instance.start" -> Start.class;
            case "instance.stop" -> Stop.class;
            case "instance.restart" -> Restart.class;
            case "instance.destroy" -> Destroy.class;
            default -> throw new IllegalArgumentException("not an instance command: " + message.type());
        };
        return Json.read(message.data(), type);
    }
}
