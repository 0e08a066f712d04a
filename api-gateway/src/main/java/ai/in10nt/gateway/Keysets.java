package ai.in10nt.gateway;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.KeyFile;
import ai.in10nt.contracts.SealedValue;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;

/** The keys that the gateway has: public ones to seal with, and the access to agent servers. */
@ApplicationScoped
class Keysets {
    private final KeyFile<SealedValue.Sealer> toProvisioner;
    private final KeyFile<SealedValue.Sealer> toIntegrations;
    private final AgentAccess agentAccess;

    Keysets(GatewayConfig config, MeterRegistry metrics) {
        toProvisioner = new KeyFile<>(config.keyset().resolve("provisioner-public.json"), SealedValue.Sealer::new);
        toIntegrations = new KeyFile<>(config.keyset().resolve("integration-public.json"), SealedValue.Sealer::new);
        // Ids of keys, so that who rotates them knows that everybody uses the new ones.
        metrics.gauge(
                "keyset.provisioner.primary",
                toProvisioner,
                file -> file.content().primary());
        metrics.gauge(
                "keyset.integration.primary",
                toIntegrations,
                file -> file.content().primary());
        try {
            agentAccess = new AgentAccess(Files.readString(config.keyset().resolve("agent-access.key")));
        } catch (IOException e) {
            throw new UncheckedIOException("the gateway's keys", e);
        }
    }

    /** Read at the start, not at the first request: what is missing is said then, and the metrics are there. */
    void start(@Observes StartupEvent event) {}

    SealedValue.Sealer toProvisioner() {
        return toProvisioner.made();
    }

    SealedValue.Sealer toIntegrations() {
        return toIntegrations.made();
    }

    AgentAccess agentAccess() {
        return agentAccess;
    }
}
