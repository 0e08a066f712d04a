package ai.in10nt.integration;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.contracts.IntegrationData.Integration;
import ai.in10nt.relay.LogContext;
import ai.in10nt.relay.Reconciler;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.WebApplicationException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.eclipse.microprofile.rest.client.inject.RestClient;
import org.jboss.logging.Logger;

/** Gives agents what integrations are set, and asks partners: two steps for each row, beside each other. */
@ApplicationScoped
class IntegrationReconciler implements Reconciler {
    private static final Logger LOG = Logger.getLogger(IntegrationReconciler.class);
    private static final String VERIFY = "verify ";
    /** A machine that boots listens within a second. */
    private static final Duration WHILE_IT_BOOTS = Duration.ofMillis(50);

    private static final Duration WHILE_A_TASK_RUNS = Duration.ofMillis(500);
    private static final Duration AGAIN = Duration.ofSeconds(1);

    private final IntegrationStore store;
    private final AgentServer agent;
    private final AgentAccess access;
    private final Verifier verifier;

    IntegrationReconciler(
            IntegrationStore store, @RestClient AgentServer agent, AgentAccess access, Verifier verifier) {
        this.store = store;
        this.agent = agent;
        this.access = access;
        this.verifier = verifier;
    }

    @Override
    public List<Due> due(List<Integer> partitions) {
        return Stream.concat(
                        store.due("deliver", "", partitions).stream(), store.due("verify", VERIFY, partitions).stream())
                .toList();
    }

    @Override
    public Optional<Duration> step(String id) {
        boolean isVerification = id.startsWith(VERIFY);
        var read = store.find(isVerification ? id.substring(VERIFY.length()) : id);
        if (read.isEmpty()) {
            return Optional.empty();
        }
        LogContext.enter(null, "instance", read.get().instance().value());
        return isVerification ? verify(read.get()) : deliver(read.get());
    }

    private Optional<Duration> deliver(IntegrationStore.Read read) {
        var machine = read.machine();
        if (machine == null || machine.agentUrl == null || !machine.isUp()) {
            store.notDue(read);
            return Optional.empty();
        }
        var environment = Standing.environment(read.data().integrations(), read.values());
        var token = "Bearer " + access.token(read.instance(), machine.generation);
        try {
            var taken = agent.put(
                    machine.agentUrl,
                    token,
                    new AgentServer.Given(
                            read.envRevision(),
                            environment,
                            Standing.secrets(environment.keySet()),
                            Standing.mcpServers(read.data().integrations())));
            if (!taken.applied()) {
                return Optional.of(WHILE_A_TASK_RUNS);
            }
            store.given(read, machine.generation);
            return Optional.empty();
        } catch (WebApplicationException | ProcessingException e) {
            LOG.debugf("%s isn't given its integrations yet: %s", read.instance(), e);
            return Optional.of(machine.status() == InstanceStatus.STARTING ? WHILE_IT_BOOTS : AGAIN);
        }
    }

    private Optional<Duration> verify(IntegrationStore.Read read) {
        var said = new HashMap<String, Integration>();
        verifier.verified(read.data().integrations(), read.values())
                .forEach(integration -> said.put(integration.name(), integration));
        store.verified(read, said);
        return Optional.empty();
    }
}
