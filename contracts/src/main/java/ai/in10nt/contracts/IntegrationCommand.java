package ai.in10nt.contracts;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What is wanted of an instance's integrations. */
public sealed interface IntegrationCommand {
    InstanceId instanceId();

    /**
     * These integrations and no others. Values merge over those that are kept; those of integrations that aren't in the list are
     * forgotten.
     *
     * @param integrations names, e.g. {@code GitHub}
     * @param variables names of those whose values are given
     * @param sealedEnv the values, as JSON map sealed to integration-service for this tenant and instance; absent: none
     * @param verify whether the partners are asked
     */
    record Set(
            InstanceId instanceId,
            List<String> integrations,
            List<String> variables,
            @Nullable String sealedEnv,
            boolean verify)
            implements IntegrationCommand {
        public Set {
            integrations = List.copyOf(integrations);
            variables = List.copyOf(variables);
        }
    }

    /** The wire name, the message's {@code ce_type}. */
    static String typeOf(IntegrationCommand command) {
        return switch (command) {
            case Set _ -> "integration.set";
        };
    }

    /** Reads a message back; {@link IllegalArgumentException} for a type that isn't one of these. */
    static IntegrationCommand from(Message message) {
        if (!message.type().equals("integration.set")) {
            throw new IllegalArgumentException("not an integration command: " + message.type());
        }
        return Json.read(message.data(), Set.class);
    }
}
