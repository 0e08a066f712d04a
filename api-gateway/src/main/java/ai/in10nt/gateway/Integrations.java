package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.IntegrationCommand;
import ai.in10nt.contracts.IntegrationData;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Topic;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** Sets the integrations of an instance, one that is there or one that is about to be created. */
@ApplicationScoped
class Integrations {
    private static final Duration DECIDED_WITHIN = Duration.ofSeconds(20);
    private static final Duration TOLD_WITHIN = Duration.ofSeconds(2);
    /** The partners have three seconds. */
    private static final Duration VERIFIED_WITHIN = Duration.ofSeconds(5);

    private final Commands commands;
    private final Waiters waiters;
    private final View view;
    private final Keysets keysets;

    Integrations(Commands commands, Waiters waiters, View view, Keysets keysets) {
        this.commands = commands;
        this.waiters = waiters;
        this.view = view;
        this.keysets = keysets;
    }

    /** Returns once the view has what came of it, the partners' answers too where they are asked. */
    Resource set(Caller caller, InstanceId instance, IntegrationRequest request, RequestIds ids) {
        decide(caller, instance, request, ids);
        // The instance tells their names, once its owner has heard.
        waiters.until(
                instance.value(),
                Instant.now().plus(TOLD_WITHIN),
                () -> view.find(caller.tenant(), Resource.INSTANCE, instance.value())
                        .await()
                        .atMost(View.PATIENCE)
                        .filter(found -> found.instance().integrations().equals(request.names())));
        var deadline = Instant.now().plus(request.verify() ? VERIFIED_WITHIN : Duration.ZERO);
        return waiters.until(
                        IntegrationData.idOf(instance),
                        deadline,
                        () -> find(caller, instance)
                                .filter(found -> !Boolean.TRUE.equals(
                                        found.integrations().verifying())))
                .or(() -> find(caller, instance))
                .orElseThrow(() -> Problem.notFound("instance", instance.value()));
    }

    /** Returns once their owner has them. */
    void decide(Caller caller, InstanceId instance, IntegrationRequest request, RequestIds ids) {
        var env = request.env();
        var command = new IntegrationCommand.Set(
                instance,
                request.names(),
                List.copyOf(env.keySet()),
                env.isEmpty() ? null : keysets.toIntegrations().seal(caller.tenant(), instance, Json.text(env)),
                request.verify());
        var subject = IntegrationData.idOf(instance);
        var commandId = commands.accept(
                caller.tenant(),
                caller.trace(),
                Topic.INTEGRATION_COMMANDS,
                IntegrationCommand.typeOf(command),
                subject,
                instance,
                command,
                ids,
                null);
        if (commands.answer(commandId, subject, Instant.now().plus(DECIDED_WITHIN))
                .isEmpty()) {
            throw Problem.unavailable(
                    "integration_service_unavailable",
                    "The integrations aren't set yet; ask again with the same Idempotency-Key.");
        }
    }

    private Optional<Resource> find(Caller caller, InstanceId instance) {
        return view.find(caller.tenant(), Resource.INTEGRATION, IntegrationData.idOf(instance))
                .await()
                .atMost(View.PATIENCE);
    }
}
