package ai.in10nt.provisioner;

import ai.in10nt.contracts.InstanceEvent;
import ai.in10nt.provisioner.InstanceSteps.Outcome;
import ai.in10nt.provisioner.Instances.Read;
import ai.in10nt.relay.LogContext;
import ai.in10nt.relay.Reconciler;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** Takes the steps of instances that aren't as wanted; what one came to is written only if the instance still is as it found it. */
@ApplicationScoped
class InstanceReconciler implements Reconciler {
    private final Instances instances;
    private final InstanceSteps steps;
    private final MeterRegistry metrics;

    InstanceReconciler(Instances instances, InstanceSteps steps, MeterRegistry metrics) {
        this.metrics = metrics;
        this.instances = instances;
        this.steps = steps;
    }

    @Override
    public List<Due> due(List<Integer> partitions) {
        return instances.due(partitions);
    }

    @Override
    public Optional<Duration> step(String id) {
        var read = instances.find(id);
        return read.isEmpty() ? Optional.empty() : apply(read.get());
    }

    private Optional<Duration> apply(Read read) {
        LogContext.enter(
                read.instance().trace(),
                "instance",
                read.instance().data().instanceId().value());
        var expired = read.instance().expired(instances.now());
        if (expired.isPresent()) {
            instances.commit(read, expired.get(), Optional.of(InstanceEvent.Type.DESTROYING));
            return Optional.of(Duration.ZERO);
        }
        return switch (steps.step(read.instance(), instances.now(), () -> instances.isCurrent(read))) {
            case Outcome.Changed(var next, var event, var again) -> {
                if (instances.commit(read, next, event) && again.isEmpty()) {
                    metrics.counter(
                                    "provisioner.instance.settled",
                                    "outcome",
                                    next.data().status().text())
                            .increment();
                }
                yield again;
            }
            case Outcome.Waiting(var again) -> Optional.of(again);
            case Outcome.Settled() -> {
                instances.clear(read);
                yield Optional.empty();
            }
        };
    }
}
