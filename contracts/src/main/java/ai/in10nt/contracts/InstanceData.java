package ai.in10nt.contracts;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An instance as the world sees it: the body of {@code GET /instances/{id}} and of every instance event.
 *
 * @param env names of the variables, values masked
 * @param generation counts the boots of its machine
 * @param memoryMb what the machine really gets, in MiB
 * @param autoStopMinutes without a run or a request to its inside, after which it is stopped; absent: never by itself
 * @param ttlMinutes after which it is destroyed, counted from its creation; absent: never by itself
 */
public record InstanceData(
        InstanceId instanceId,
        String name,
        InstanceStatus status,
        @Nullable String agentUrl,
        Instant createdAt,
        String description,
        String region,
        String vmSize,
        Map<String, String> env,
        String agentType,
        List<String> integrations,
        Map<String, String> labels,
        Instant updatedAt,
        int generation,
        int memoryMb,
        @Nullable Integer autoStopMinutes,
        @Nullable Integer ttlMinutes,
        @Nullable Failure error) {

    public InstanceData {
        env = Map.copyOf(env);
        integrations = List.copyOf(integrations);
        labels = Map.copyOf(labels);
    }

    /** A new one, as the create asked for it: the gateway shows it at once, its owner begins with the same. */
    public static InstanceData created(InstanceCommand.Create create, Instant at) {
        var masked = new LinkedHashMap<String, String>();
        create.env().forEach(name -> masked.put(name, "***"));
        int memoryMb = VmSize.named(create.vmSize())
                .orElseThrow(() -> new IllegalArgumentException("no such vmSize: " + create.vmSize()))
                .memoryFor(create.agentType());
        return new InstanceData(
                create.instanceId(),
                create.name(),
                InstanceStatus.PROVISIONING,
                null,
                at,
                create.description(),
                create.region(),
                create.vmSize(),
                masked,
                create.agentType(),
                create.integrations(),
                create.labels(),
                at,
                1,
                memoryMb,
                create.autoStopMinutes(),
                create.ttlMinutes(),
                null);
    }

    /** In another status, without the error it may have had. */
    public InstanceData with(InstanceStatus status, Instant at) {
        return copy(status, agentUrl, at, generation, null);
    }

    public InstanceData withAgentUrl(@Nullable String agentUrl) {
        return copy(status, agentUrl, updatedAt, generation, error);
    }

    public InstanceData withGeneration(int generation) {
        return copy(status, agentUrl, updatedAt, generation, error);
    }

    public InstanceData withError(Failure error) {
        return copy(status, agentUrl, updatedAt, generation, error);
    }

    public InstanceData withIntegrations(List<String> integrations, Instant at) {
        return new InstanceData(
                instanceId,
                name,
                status,
                agentUrl,
                createdAt,
                description,
                region,
                vmSize,
                env,
                agentType,
                integrations,
                labels,
                at,
                generation,
                memoryMb,
                autoStopMinutes,
                ttlMinutes,
                error);
    }

    /** Where there was room: its volume isn't made yet, or was given up. */
    public InstanceData withRegion(String region) {
        return new InstanceData(
                instanceId,
                name,
                status,
                agentUrl,
                createdAt,
                description,
                region,
                vmSize,
                env,
                agentType,
                integrations,
                labels,
                updatedAt,
                generation,
                memoryMb,
                autoStopMinutes,
                ttlMinutes,
                error);
    }

    /** What changes often. */
    private InstanceData copy(
            InstanceStatus status,
            @Nullable String agentUrl,
            Instant updatedAt,
            int generation,
            @Nullable Failure error) {
        return new InstanceData(
                instanceId,
                name,
                status,
                agentUrl,
                createdAt,
                description,
                region,
                vmSize,
                env,
                agentType,
                integrations,
                labels,
                updatedAt,
                generation,
                memoryMb,
                autoStopMinutes,
                ttlMinutes,
                error);
    }
}
