package ai.in10nt.provisioner;

import ai.in10nt.relay.RetentionRule;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/** A destroyed instance can be read for a week; then a tombstone ends it on its topic, and everybody forgets it. */
@ApplicationScoped
class DestroyedInstances implements RetentionRule {
    private final Instances instances;
    private final Duration keep;

    DestroyedInstances(
            Instances instances,
            @ConfigProperty(name = "retention.destroyed-instances", defaultValue = "7d") Duration keep) {
        this.instances = instances;
        this.keep = keep;
    }

    @Override
    public String name() {
        return "destroyed-instances";
    }

    @Override
    public int forgetSome(Instant now) {
        var ids = instances.destroyedBefore(now.minus(keep));
        ids.forEach(instances::forget);
        return ids.size();
    }
}
