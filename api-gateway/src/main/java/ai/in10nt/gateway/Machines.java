package ai.in10nt.gateway;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.InstanceData;
import ai.in10nt.contracts.InstanceStatus;
import com.fasterxml.jackson.databind.JsonNode;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.WebApplicationException;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.eclipse.microprofile.rest.client.inject.RestClient;

/** What is asked of the machine of an instance directly, past Kafka. */
@ApplicationScoped
class Machines {
    private static final Duration HEALTHY_WITHIN = Duration.ofSeconds(30);

    private final View view;
    private final Waiters waiters;
    private final Keysets keysets;
    private final AgentServer agent;
    private final Activity activity;

    Machines(View view, Waiters waiters, Keysets keysets, Activity activity, @RestClient AgentServer agent) {
        this.activity = activity;
        this.view = view;
        this.waiters = waiters;
        this.keysets = keysets;
        this.agent = agent;
    }

    /** Where an agent server listens, and what it wants to be shown. */
    record Address(AgentServer agent, String url, String authorization) {}

    /** Asks, once the instance is healthy; waits for that a while. Its refusals are problems, and so is its silence. */
    <T> T ask(String tenant, String id, Function<Address, T> question) {
        var instance = healthy(tenant, id);
        var address = new Address(agent, Objects.requireNonNull(instance.agentUrl()), authorization(instance));
        try {
            return question.apply(address);
        } catch (WebApplicationException e) {
            throw refused(e);
        } catch (ProcessingException e) {
            throw unreachable();
        }
    }

    /** What the agent server says of itself; only where there is an {@code agentUrl}. */
    JsonNode health(InstanceData instance) {
        return agent.health(Objects.requireNonNull(instance.agentUrl()), authorization(instance));
    }

    private String authorization(InstanceData instance) {
        return "Bearer " + token(instance);
    }

    String token(InstanceData instance) {
        return keysets.agentAccess().token(instance.instanceId(), instance.generation());
    }

    /** The one rule of which states a request to the machine waits in. */
    InstanceData healthy(String tenant, String id) {
        return waiters.until(id, Instant.now().plus(HEALTHY_WITHIN), () -> {
                    var instance = view.instance(tenant, id)
                            .await()
                            .atMost(View.PATIENCE)
                            .instance();
                    refuseUnlessRunnable(instance);
                    activity.used(id);
                    return instance.status() == InstanceStatus.HEALTHY && instance.agentUrl() != null
                            ? Optional.of(instance)
                            : Optional.empty();
                })
                .orElseThrow(() -> Problem.unavailable(
                        "instance_not_healthy",
                        "The instance wasn't healthy within " + HEALTHY_WITHIN.toSeconds() + " s; try again."));
    }

    /** What the view knows already; for a command, the owner decides by what it knows. */
    static void refuseUnlessRunnable(InstanceData instance) {
        switch (instance.status()) {
            case PROVISIONING, STARTING, HEALTHY, UNHEALTHY -> {}
            case STOPPING, STOPPED ->
                throw Problem.refused(
                        new Failure("instance_stopped", "The instance is stopped; start or restart it first."));
            case FAILED ->
                throw Problem.refused(new Failure("instance_failed", "The instance has failed; restart it first."));
            case DESTROYING, DESTROYED ->
                throw Problem.refused(
                        new Failure("instance_destroyed", "The instance was destroyed; create a new one."));
        }
    }

    private static Problem refused(WebApplicationException e) {
        return refused(e.getResponse().getStatus(), AgentProblem.of(e.getResponse()));
    }

    static Problem unreachable() {
        return Problem.of(
                502, "machine_unreachable", "The machine of this instance went away, or doesn't answer; try again.");
    }

    /** The one table from an agent server's refusal to ours. */
    static Problem refused(int status, AgentProblem told) {
        boolean isOfPort = told.code().startsWith("port_");
        return isOfPort || (status >= 400 && status < 500 && status != 401)
                ? Problem.of(status, told.code(), told.error())
                // 401: it boots anew just now, and its token is another one.
                : Problem.of(502, "machine_failed", "The machine of this instance can't do that now; try again.");
    }
}
