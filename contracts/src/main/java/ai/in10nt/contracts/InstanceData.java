package ai.in10nt.contracts;

import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An instance as the world sees it: the body of {@code GET /instances/{id}} and of every instance event.
 *
 * @param env names of the variables, values masked
 * @param generation counts the boots of its machine
 * @param memoryMb what the machine really gets, in MiB
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
        @Nullable Failure error) {

    public InstanceData {
        env = Map.copyOf(env);
        integrations = List.copyOf(integrations);
        labels = Map.copyOf(labels);
    }

    public InstanceData with(InstanceStatus status, Instant at) {
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
                null);
    }

    public InstanceData withAgentUrl(@Nullable String agentUrl) {
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
                error);
    }

    public InstanceData withGeneration(int generation) {
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
                error);
    }

    public InstanceData withError(Failure error) {
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
                error);
    }
}
