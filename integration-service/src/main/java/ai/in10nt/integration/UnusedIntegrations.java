package ai.in10nt.integration;

import ai.in10nt.relay.RetentionRule;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;

/** Integrations of instances that were refused: their create comes right after them, or never. */
@ApplicationScoped
class UnusedIntegrations implements RetentionRule {
    private static final Duration KEEP = Duration.ofHours(1);

    private final IntegrationStore store;

    UnusedIntegrations(IntegrationStore store) {
        this.store = store;
    }

    @Override
    public String name() {
        return "unused-integrations";
    }

    @Override
    public int forgetSome(Instant now) {
        var ids = store.ofNoInstance(now.minus(KEEP));
        ids.forEach(store::forget);
        return ids.size();
    }
}
