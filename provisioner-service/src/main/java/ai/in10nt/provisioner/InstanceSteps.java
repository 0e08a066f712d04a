package ai.in10nt.provisioner;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.InstanceEvent;
import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.provisioner.FlyMachines.Machine;
import ai.in10nt.relay.FailPoint;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.WebApplicationException;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.eclipse.microprofile.rest.client.inject.RestClient;
import org.jboss.logging.Logger;

/**
 * Compares what is wanted of an instance with what there is at Fly, and takes one idempotent step. It knows no database: what the
 * step came to is its answer, and whoever is killed before it was written takes the same step again.
 */
@ApplicationScoped
class InstanceSteps {
    /** What a step came to. */
    sealed interface Outcome {
        /**
         * The instance goes on.
         *
         * @param event absent: nothing that the world sees has changed
         * @param again absent: it is settled
         */
        record Changed(Instance next, Optional<InstanceEvent.Type> event, Optional<Duration> again)
                implements Outcome {}

        record Waiting(Duration again) implements Outcome {}

        /** All is as wanted. */
        record Settled() implements Outcome {}
    }

    private static final Logger LOG = Logger.getLogger(InstanceSteps.class);
    private static final Duration AT_ONCE = Duration.ZERO;
    /** Fly allows five reads of a machine a second. */
    private static final Duration SOON = Duration.ofMillis(200);

    private static final Duration A_SECOND = Duration.ofSeconds(1);

    private final FlyDriver fly;
    private final AgentServer agent;
    private final ProvisionerConfig config;

    InstanceSteps(FlyDriver fly, @RestClient AgentServer agent, ProvisionerConfig config) {
        this.fly = fly;
        this.agent = agent;
        this.config = config;
    }

    /** Thrown instead of a start or a stop that the instance doesn't want any more. */
    private static final class Superseded extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    /**
     * @param isCurrent whether the instance still is as given. Asked before what can't be taken back: a step that was paused, while
     *     another owner went on, must not stop what was started since.
     */
    Outcome step(Instance instance, Instant now, BooleanSupplier isCurrent) {
        try {
            return switch (instance.data().status()) {
                case PROVISIONING, STARTING, UNHEALTHY -> bootOrGiveUp(instance, now, isCurrent);
                case STOPPING -> stop(instance, now, isCurrent);
                case DESTROYING -> destroy(instance, now);
                case HEALTHY -> look(instance, now);
                case STOPPED, FAILED -> rest(instance, isCurrent);
                case DESTROYED -> new Outcome.Settled();
            };
        } catch (Pace.NotYet paced) {
            return new Outcome.Waiting(paced.pause());
        } catch (Superseded e) {
            return new Outcome.Waiting(AT_ONCE);
        }
    }

    private static void check(BooleanSupplier isCurrent) {
        if (!isCurrent.getAsBoolean()) {
            throw new Superseded();
        }
    }

    private Outcome bootOrGiveUp(Instance instance, Instant now, BooleanSupplier isCurrent) {
        try {
            return boot(instance, now, isCurrent);
        } catch (FlyProblem problem) {
            return switch (problem.next()) {
                case GIVE_UP -> fail(instance, "provider_refused", text(problem), now);
                case NO_CAPACITY ->
                    isLate(instance, now)
                            ? fail(instance, "no_capacity", text(problem), now)
                            : elsewhere(instance, problem);
                case GONE, ADOPT, AGAIN -> {
                    if (problem.next() == FlyProblem.Next.GONE && isBeforeFirstBoot(instance)) {
                        // Its volume was given up by a step that was cut off, or destroyed behind our back.
                        yield new Outcome.Changed(instance.withVolume(null), Optional.empty(), Optional.of(A_SECOND));
                    }
                    LOG.infof("%s waits: %s", instance, problem.getMessage());
                    yield isLate(instance, now)
                            ? fail(instance, "boot_timeout", text(problem), now)
                            : new Outcome.Waiting(problem.retryAfter().orElse(A_SECOND));
                }
            };
        }
    }

    private static String text(FlyProblem problem) {
        return String.valueOf(problem.getMessage());
    }

    /** Before its first boot nothing is on the volume, so it may be given up for one in another region; later, only time helps. */
    private Outcome elsewhere(Instance instance, FlyProblem problem) {
        if (!isBeforeFirstBoot(instance)) {
            LOG.infof("%s waits for room: %s", instance, problem.getMessage());
            return new Outcome.Waiting(A_SECOND);
        }
        var next = nextRegion(instance.data().region());
        LOG.infof("%s: no room in %s, trying %s: %s", instance, instance.data().region(), next, problem.getMessage());
        // Its volume, if it has one, belongs to nothing once this is written; the sweep destroys it then.
        return new Outcome.Changed(instance.movedTo(next), Optional.empty(), Optional.of(SOON));
    }

    private static boolean isBeforeFirstBoot(Instance instance) {
        return instance.data().status() == InstanceStatus.PROVISIONING && instance.machineId() == null;
    }

    private String nextRegion(String region) {
        var all = config.fly().regions();
        return all.isEmpty() ? region : all.get((all.indexOf(region) + 1) % all.size());
    }

    private Outcome boot(Instance instance, Instant now, BooleanSupplier isCurrent) {
        if (instance.volumeId() == null) {
            return new Outcome.Changed(
                    instance.withVolume(fly.ensureVolume(instance)), Optional.empty(), Optional.of(AT_ONCE));
        }
        if (instance.machineId() == null) {
            var machine = fly.ensureMachine(instance);
            FailPoint.reach("after-machine-create");
            return adopted(instance.withMachine(machine.id()), machine, now);
        }
        var machine = fly.machine(instance.machineId());
        if (machine.isEmpty()) {
            // It was destroyed behind our back; the volume is still there, so a new one goes on where it stood.
            return new Outcome.Changed(instance.withMachine(null), Optional.empty(), Optional.of(AT_ONCE));
        }
        return boot(instance, machine.get(), now, isCurrent);
    }

    private Outcome adopted(Instance instance, Machine machine, Instant now) {
        return instance.data().status() == InstanceStatus.PROVISIONING
                ? new Outcome.Changed(
                        instance.booting(fly.agentUrlEarly(machine), now),
                        Optional.of(InstanceEvent.Type.STARTING),
                        Optional.of(SOON))
                : new Outcome.Changed(instance, Optional.empty(), Optional.of(SOON));
    }

    private Outcome boot(Instance instance, Machine machine, Instant now, BooleanSupplier isCurrent) {
        if (isLate(instance, now)) {
            var text = "The agent wasn't ready after "
                    + config.boot().deadline().toSeconds() + " s; its machine is " + machine.state() + ".";
            return fail(instance, "boot_timeout", text, now);
        }
        boolean isPresent = FlyDriver.generationOf(machine) == instance.data().generation();
        return switch (machine.state()) {
            case "started" -> {
                if (isPresent && isReady(instance, machine)) {
                    yield new Outcome.Changed(
                            instance.healthy(fly.agentUrl(machine), now),
                            Optional.of(InstanceEvent.Type.HEALTHY),
                            Optional.empty());
                }
                if (!isPresent) {
                    check(isCurrent);
                    fly.boot(instance, machine);
                }
                yield new Outcome.Waiting(patience(instance, now));
            }
            case "stopped", "failed", "suspended" -> {
                check(isCurrent);
                fly.boot(instance, machine);
                yield new Outcome.Waiting(isPresent ? A_SECOND : SOON);
            }
            default -> new Outcome.Waiting(patience(instance, now));
        };
    }

    /** A twentieth of what it has waited: what boots slowly isn't asked five times a second for minutes. */
    private static Duration patience(Instance instance, Instant now) {
        var pause = Duration.between(instance.since(), now).dividedBy(20);
        return Duration.ofMillis(Math.clamp(pause.toMillis(), SOON.toMillis(), 2 * A_SECOND.toMillis()));
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

    private boolean isLate(Instance instance, Instant now) {
        return instance.since().plus(config.boot().deadline()).isBefore(now);
    }

    private Outcome fail(Instance instance, String code, String text, Instant now) {
        try {
            fly.machineOf(instance).ifPresent(fly::stop);
        } catch (FlyProblem | Pace.NotYet e) {
            // The watch finds it running, and it is stopped then.
            LOG.infof("%s has failed, its machine can't be stopped yet: %s", instance, e.getMessage());
        }
        return new Outcome.Changed(
                instance.failed(new Failure(code, text), now),
                Optional.of(InstanceEvent.Type.FAILED),
                Optional.empty());
    }

    /** Its machine was found running, which it must not be: made by a step that was cut off, or it couldn't be stopped before. */
    private Outcome rest(Instance instance, BooleanSupplier isCurrent) {
        var machine = fly.machineOf(instance);
        return switch (machine.map(Machine::state).orElse("stopped")) {
            case "started", "starting", "restarting", "updating", "replacing" -> {
                check(isCurrent);
                yield again(() -> fly.stop(machine.orElseThrow()), instance).orElse(new Outcome.Waiting(A_SECOND));
            }
            default -> new Outcome.Settled();
        };
    }

    private Outcome stop(Instance instance, Instant now, BooleanSupplier isCurrent) {
        var machine = fly.machineOf(instance);
        var state = machine.map(Machine::state).orElse("stopped");
        return switch (state) {
            case "stopped", "failed" ->
                new Outcome.Changed(instance.stopped(now), Optional.of(InstanceEvent.Type.STOPPED), Optional.empty());
            case "stopping" -> new Outcome.Waiting(SOON);
            default -> {
                check(isCurrent);
                yield again(() -> fly.stop(machine.orElseThrow()), instance).orElse(new Outcome.Waiting(SOON));
            }
        };
    }

    private Outcome destroy(Instance instance, Instant now) {
        var gone = new boolean[1];
        var refused = again(() -> gone[0] = fly.destroy(instance), instance);
        if (refused.isPresent()) {
            return refused.get();
        }
        return gone[0]
                ? new Outcome.Changed(
                        instance.destroyed(now), Optional.of(InstanceEvent.Type.DESTROYED), Optional.empty())
                : new Outcome.Waiting(SOON);
    }

    /** Fly says "not now" while it is still at it, and "gone" when it was faster: both mean look again. */
    private static Optional<Outcome> again(Runnable call, Instance instance) {
        try {
            call.run();
            return Optional.empty();
        } catch (FlyProblem problem) {
            if (problem.next() == FlyProblem.Next.GIVE_UP) {
                throw problem;
            }
            LOG.debugf("%s: %s", instance, problem.getMessage());
            return Optional.of(new Outcome.Waiting(problem.retryAfter().orElse(SOON)));
        }
    }

    /** A healthy instance is due only when its machine was missing among the running ones. */
    private Outcome look(Instance instance, Instant now) {
        var machine = fly.machine(String.valueOf(instance.machineId()));
        boolean isOld = machine.isPresent()
                && FlyDriver.generationOf(machine.get()) != instance.data().generation();
        var state =
                isOld ? "of an older generation" : machine.map(Machine::state).orElse("destroyed");
        return switch (state) {
            case "started" -> new Outcome.Settled();
            case "starting", "restarting", "updating", "replacing" -> new Outcome.Waiting(SOON);
            default -> {
                LOG.warnf("%s: its machine is %s, which nobody asked for", instance, state);
                yield new Outcome.Changed(
                        instance.lost(now), Optional.of(InstanceEvent.Type.UNHEALTHY), Optional.of(AT_ONCE));
            }
        };
    }
}
