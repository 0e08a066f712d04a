package ai.in10nt.provisioner;

import static ai.in10nt.contracts.InstanceStatus.DESTROYED;
import static ai.in10nt.contracts.InstanceStatus.DESTROYING;
import static ai.in10nt.contracts.InstanceStatus.FAILED;
import static ai.in10nt.contracts.InstanceStatus.HEALTHY;
import static ai.in10nt.contracts.InstanceStatus.PROVISIONING;
import static ai.in10nt.contracts.InstanceStatus.STARTING;
import static ai.in10nt.contracts.InstanceStatus.STOPPED;
import static ai.in10nt.contracts.InstanceStatus.STOPPING;
import static ai.in10nt.contracts.InstanceStatus.UNHEALTHY;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.InstanceCommand;
import ai.in10nt.contracts.InstanceData;
import ai.in10nt.contracts.InstanceEvent;
import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.contracts.Trace;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An instance as its owner knows it: the public state, and what only the provisioner needs. Immutable; {@link #decide} and the
 * named transitions are the only ways on.
 *
 * @param since when it came into its present status: deadlines count from here
 * @param sealedEnv the variables' values, sealed to this service
 * @param integrationsRevision of the integrations whose names {@code data} has; 0: as they were created
 */
record Instance(
        InstanceData data,
        String tenant,
        long revision,
        Instant since,
        @Nullable String sealedEnv,
        @Nullable String volumeId,
        @Nullable String machineId,
        @Nullable Trace trace,
        long integrationsRevision) {

    /** What became of a command. */
    sealed interface Decision {
        record Accepted(InstanceEvent.Type event, Instance next) implements Decision {}

        record Unchanged(Instance current) implements Decision {}

        record Refused(Failure problem) implements Decision {}
    }

    static Decision decide(
            @Nullable Instance current, InstanceCommand command, String tenant, @Nullable Trace trace, Instant now) {
        if (command instanceof InstanceCommand.Create create) {
            return current == null
                    ? new Decision.Accepted(InstanceEvent.Type.PROVISIONING, created(create, tenant, trace, now))
                    : new Decision.Unchanged(current);
        }
        if (current == null || !current.tenant.equals(tenant)) {
            return refused("instance_not_found", "There is no instance " + command.instanceId() + ".");
        }
        var traced = current.traced(trace);
        return switch (command) {
            case InstanceCommand.Create _ -> throw new AssertionError("handled above");
            case InstanceCommand.Start _ -> traced.start(now);
            case InstanceCommand.Stop _ -> traced.stop(now);
            case InstanceCommand.Restart _ -> traced.restart(now);
            case InstanceCommand.Destroy _ -> traced.destroy(now);
        };
    }

    private static Instance created(InstanceCommand.Create create, String tenant, @Nullable Trace trace, Instant now) {
        var data = InstanceData.created(create, now);
        return new Instance(data, tenant, 1, now, create.sealedEnv(), null, null, trace, 0);
    }

    @Nullable
    Instant expiresAt() {
        var minutes = data.ttlMinutes();
        return minutes == null ? null : data.createdAt().plus(Duration.ofMinutes(minutes));
    }

    /** Its time is over: it is destroyed as by a command; empty: not yet, or it is already. */
    Optional<Instance> expired(Instant now) {
        var end = expiresAt();
        return end == null || end.isAfter(now) || data.status().isGone()
                ? Optional.empty()
                : Optional.of(to(DESTROYING, now));
    }

    static Decision nameTaken(String name) {
        return refused("name_taken", "Another instance is named " + name + "; uniqueName is asked for.");
    }

    private Decision start(Instant now) {
        return switch (data.status()) {
            case STOPPED, STOPPING, FAILED -> rebooted(now);
            case PROVISIONING, STARTING, HEALTHY, UNHEALTHY -> new Decision.Unchanged(this);
            case DESTROYING, DESTROYED -> destroyedAlready();
        };
    }

    private Decision restart(Instant now) {
        return switch (data.status()) {
            case STARTING, HEALTHY, UNHEALTHY, STOPPED, STOPPING, FAILED -> rebooted(now);
            // It boots for the first time: that is what a restart would come to.
            case PROVISIONING -> new Decision.Unchanged(this);
            case DESTROYING, DESTROYED -> destroyedAlready();
        };
    }

    private Decision stop(Instant now) {
        return switch (data.status()) {
            case PROVISIONING, STARTING, HEALTHY, UNHEALTHY, FAILED ->
                new Decision.Accepted(InstanceEvent.Type.STOPPING, to(STOPPING, now));
            case STOPPING, STOPPED -> new Decision.Unchanged(this);
            case DESTROYING, DESTROYED -> destroyedAlready();
        };
    }

    private Decision destroy(Instant now) {
        return switch (data.status()) {
            case PROVISIONING, STARTING, HEALTHY, UNHEALTHY, STOPPING, STOPPED, FAILED ->
                new Decision.Accepted(InstanceEvent.Type.DESTROYING, to(DESTROYING, now));
            case DESTROYING, DESTROYED -> new Decision.Unchanged(this);
        };
    }

    private Decision rebooted(Instant now) {
        return new Decision.Accepted(InstanceEvent.Type.RESTARTING, nextGeneration(STARTING, now));
    }

    private static Decision destroyedAlready() {
        return refused("instance_destroyed", "The instance was destroyed; create a new one.");
    }

    private static Decision refused(String code, String detail) {
        return new Decision.Refused(new Failure(code, detail));
    }

    /**
     * Its machine exists and boots.
     *
     * @param agentUrl where the agent server will be, for who must tell it something before it is healthy; absent: not known yet
     */
    Instance booting(@Nullable String agentUrl, Instant now) {
        var next = to(STARTING, now);
        return next.with(next.data.withAgentUrl(agentUrl));
    }

    /**
     * Its integrations are others; empty: they aren't, or it is gone. A machine that runs learns of them from their owner.
     *
     * @param revision of the integrations: an older one comes late
     */
    Optional<Instance> integrated(List<String> names, long revision, Instant now) {
        if (data.status().isGone() || revision <= integrationsRevision) {
            return Optional.empty();
        }
        boolean isNews = !names.equals(data.integrations());
        return Optional.of(new Instance(
                isNews ? data.withIntegrations(names, now) : data,
                tenant,
                isNews ? this.revision + 1 : this.revision,
                since,
                sealedEnv,
                volumeId,
                machineId,
                trace,
                revision));
    }

    Instance healthy(String agentUrl, Instant now) {
        var next = to(HEALTHY, now);
        return next.with(next.data.withAgentUrl(agentUrl));
    }

    /** Its machine went away by itself: the next generation is booted. */
    Instance lost(Instant now) {
        return nextGeneration(UNHEALTHY, now);
    }

    Instance stopped(Instant now) {
        return to(STOPPED, now);
    }

    Instance destroyed(Instant now) {
        return new Instance(
                to(DESTROYED, now).data, tenant, revision + 1, now, null, null, null, trace, integrationsRevision);
    }

    Instance failed(Failure error, Instant now) {
        var next = to(FAILED, now);
        return next.with(next.data.withError(error));
    }

    /** There was no room: another region is tried, with a volume of its own. */
    Instance movedTo(String region) {
        return new Instance(
                data.withRegion(region), tenant, revision, since, sealedEnv, null, null, trace, integrationsRevision);
    }

    Instance withVolume(@Nullable String volumeId) {
        return new Instance(data, tenant, revision, since, sealedEnv, volumeId, machineId, trace, integrationsRevision);
    }

    Instance withMachine(@Nullable String machineId) {
        return new Instance(data, tenant, revision, since, sealedEnv, volumeId, machineId, trace, integrationsRevision);
    }

    private Instance nextGeneration(InstanceStatus status, Instant now) {
        var next = to(status, now);
        return next.with(next.data.withGeneration(data.generation() + 1).withAgentUrl(null));
    }

    private Instance to(InstanceStatus status, Instant now) {
        return new Instance(
                data.with(status, now),
                tenant,
                revision + 1,
                now,
                sealedEnv,
                volumeId,
                machineId,
                trace,
                integrationsRevision);
    }

    private Instance with(InstanceData data) {
        return new Instance(data, tenant, revision, since, sealedEnv, volumeId, machineId, trace, integrationsRevision);
    }

    private Instance traced(@Nullable Trace trace) {
        return new Instance(data, tenant, revision, since, sealedEnv, volumeId, machineId, trace, integrationsRevision);
    }

    @Override
    public String toString() {
        return data.instanceId() + " " + data.status().text() + " revision " + revision;
    }
}
