package ai.in10nt.gateway;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.SealedValue;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;

/** The keys that the gateway has: public ones to seal with, and the access to agent servers. */
@ApplicationScoped
class Keysets {
    private final SealedValue.Sealer toProvisioner;
    private final SealedValue.Sealer toIntegrations;
    private final AgentAccess agentAccess;

    Keysets(GatewayConfig config) {
        try {
            toProvisioner =
                    new SealedValue.Sealer(Files.readString(config.keyset().resolve("provisioner-public.json")));
            toIntegrations =
                    new SealedValue.Sealer(Files.readString(config.keyset().resolve("integration-public.json")));
            agentAccess = new AgentAccess(Files.readString(config.keyset().resolve("agent-access.key")));
        } catch (IOException e) {
            throw new UncheckedIOException("the gateway's keys", e);
        }
    }

    SealedValue.Sealer toProvisioner() {
        return toProvisioner;
    }

    SealedValue.Sealer toIntegrations() {
        return toIntegrations;
    }

    AgentAccess agentAccess() {
        return agentAccess;
    }
}
