package ai.in10nt.provisioner;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.InstanceEvent;
import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.provisioner.FlyMachines.Machine;
import ai.in10nt.provisioner.Instances.Read;
import ai.in10nt.relay.FailPoint;
import ai.in10nt.relay.Reconciler;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.WebApplicationException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.eclipse.microprofile.rest.client.inject.RestClient;
import org.jboss.logging.Logger;

/**
 * Compares what is wanted of an instance with what there is at Fly, and takes one idempotent step. What a step came to is written
 * only if the instance still is as the step found it; whatever is killed between two lines, the next step goes on from there.
 */
@ApplicationScoped
class InstanceReconciler implements Reconciler {
    private static final Logger LOG = Logger.getLogger(InstanceReconciler.class);
    private static final Duration AT_ONCE = Duration.ZERO;
    /** Fly allows five reads of a machine a second. */
    private static final Duration SOON = Duration.ofMillis(200);

    private static final Duration A_SECOND = Duration.ofSeconds(1);

    private final Instances instances;
    private final FlyDriver fly;
    private final AgentServer agent;
    private final ProvisionerConfig config;

    InstanceReconciler(Instances instances, FlyDriver fly, @RestClient AgentServer agent, ProvisionerConfig config) {
        this.instances = instances;
        this.fly = fly;
        this.agent = agent;
        this.config = config;
    }

    @Override
    public List<String> due(List<Integer> partitions) {
        return instances.due(partitions);
    }

    @Override
    public Optional<Duration> step(String id) {
        var read = instances.find(id);
        return read.isEmpty() ? Optional.empty() : step(read.get());
    }

    private Optional<Duration> step(Read read) {
        return switch (read.instance().data().status()) {
            case PROVISIONING, STARTING, UNHEALTHY -> bootOrGiveUp(read);
            case STOPPING -> stop(read);
            case DESTROYING -> destroy(read);
            case HEALTHY -> look(read);
            case STOPPED, DESTROYED, FAILED -> Optional.empty();
        };
    }

    private Optional<Duration> bootOrGiveUp(Read read) {
        try {
            return Optional.of(boot(read));
        } catch (FlyProblem problem) {
            return switch (problem.next()) {
                case GIVE_UP -> fail(read, new Failure("provider_refused", text(problem)));
                case NO_CAPACITY ->
                    isLate(read) ? fail(read, new Failure("no_capacity", text(problem))) : Optional.of(A_SECOND);
                case GONE, ADOPT, AGAIN -> {
                    LOG.infof("%s waits: %s", read.instance(), problem.getMessage());
                    yield isLate(read) ? fail(read, new Failure("boot_timeout", text(problem))) : Optional.of(A_SECOND);
                }
            };
        }
    }

    private static String text(FlyProblem problem) {
        return String.valueOf(problem.getMessage());
    }

    private Duration boot(Read read) {
        var instance = read.instance();
        if (instance.volumeId() == null) {
            var volume = fly.ensureVolume(instance);
            instances.commit(read, instance.withVolume(volume), Optional.empty());
            return AT_ONCE;
        }
        if (instance.machineId() == null) {
            var machine = fly.ensureMachine(instance);
            FailPoint.reach("after-machine-create");
            return adopt(read, machine);
        }
        var machine = fly.machine(instance.machineId());
        if (machine.isEmpty()) {
            // It was destroyed behind our back; the volume is still there, so a new one goes on where it stood.
            instances.commit(read, instance.withMachine(null), Optional.empty());
            return AT_ONCE;
        }
        return boot(read, machine.get());
    }

    private Duration adopt(Read read, Machine machine) {
        var instance = read.instance().withMachine(machine.id());
        if (instance.data().status() == InstanceStatus.PROVISIONING) {
            instances.commit(read, instance.booting(instances.now()), Optional.of(InstanceEvent.Type.STARTING));
        } else {
            instances.commit(read, instance, Optional.empty());
        }
        return SOON;
    }

    private Duration boot(Read read, Machine machine) {
        var instance = read.instance();
        if (isLate(read)) {
            fail(
                    read,
                    new Failure(
                            "boot_timeout",
                            "The agent wasn't ready after "
                                    + config.boot().deadline().toSeconds() + " s; its machine is " + machine.state()
                                    + "."));
            return AT_ONCE;
        }
        boolean isPresent = FlyDriver.generationOf(machine) == instance.data().generation();
        return switch (machine.state()) {
            case "started" -> {
                if (isPresent && isReady(instance, machine)) {
                    instances.commit(
                            read,
                            instance.healthy(fly.agentUrl(machine), instances.now()),
                            Optional.of(InstanceEvent.Type.HEALTHY));
                } else if (!isPresent) {
                    fly.boot(instance, machine);
                }
                yield SOON;
            }
            case "stopped", "failed", "suspended" -> {
                fly.boot(instance, machine);
                yield isPresent ? A_SECOND : SOON;
            }
            default -> SOON;
        };
    }

    private boolean isReady(Instance instance, Machine machine) {
        try {
            var health = agent.health(fly.agentUrl(machine), "Bearer " + fly.agentToken(instance));
            return health.status().equals("healthy");
        } catch (WebApplicationException | ProcessingException notYet) {
            LOG.debugf("%s isn't ready: %s", instance, notYet);
            return false;
        }
    }

    private boolean isLate(Read read) {
        return read.instance().since().plus(config.boot().deadline()).isBefore(instances.now());
    }

    private Optional<Duration> fail(Read read, Failure failure) {
        var instance = read.instance();
        if (instance.machineId() != null) {
            try {
                fly.machine(instance.machineId()).ifPresent(fly::stop);
            } catch (FlyProblem e) {
                LOG.warnf("%s has failed, but its machine can't be stopped: %s", instance, e.getMessage());
            }
        }
        instances.commit(read, instance.failed(failure, instances.now()), Optional.of(InstanceEvent.Type.FAILED));
        return Optional.empty();
    }

    private Optional<Duration> stop(Read read) {
        var instance = read.instance();
        var machine = instance.machineId() == null ? Optional.<Machine>empty() : fly.machine(instance.machineId());
        var state = machine.map(Machine::state).orElse("stopped");
        return switch (state) {
            case "stopped", "failed" -> {
                instances.commit(read, instance.stopped(instances.now()), Optional.of(InstanceEvent.Type.STOPPED));
                yield Optional.empty();
            }
            case "stopping" -> Optional.of(SOON);
            default -> {
                again(() -> fly.stop(machine.orElseThrow()), instance);
                yield Optional.of(SOON);
            }
        };
    }

    private Optional<Duration> destroy(Read read) {
        var gone = new boolean[1];
        again(() -> gone[0] = fly.destroy(read.instance()), read.instance());
        if (!gone[0]) {
            return Optional.of(SOON);
        }
        instances.commit(read, read.instance().destroyed(instances.now()), Optional.of(InstanceEvent.Type.DESTROYED));
        return Optional.empty();
    }

    /** Fly says "not now" while it is still at it, and "gone" when it was faster: both mean look again. */
    private static void again(Runnable call, Instance instance) {
        try {
            call.run();
        } catch (FlyProblem problem) {
            if (problem.next() == FlyProblem.Next.GIVE_UP) {
                throw problem;
            }
            LOG.debugf("%s: %s", instance, problem.getMessage());
        }
    }

    /** A healthy instance is due only when its machine was missing among the running ones. */
    private Optional<Duration> look(Read read) {
        var instance = read.instance();
        var machine = fly.machine(String.valueOf(instance.machineId()));
        boolean isOld = machine.isPresent()
                && FlyDriver.generationOf(machine.get()) != instance.data().generation();
        var state =
                isOld ? "of an older generation" : machine.map(Machine::state).orElse("destroyed");
        return switch (state) {
            case "started" -> {
                instances.clear(instance.data().instanceId().value());
                yield Optional.empty();
            }
            case "starting", "restarting", "updating", "replacing" -> Optional.of(SOON);
            default -> {
                LOG.warnf("%s: its machine is %s, which nobody asked for", instance, state);
                instances.commit(read, instance.lost(instances.now()), Optional.of(InstanceEvent.Type.UNHEALTHY));
                yield Optional.of(AT_ONCE);
            }
        };
    }
}
