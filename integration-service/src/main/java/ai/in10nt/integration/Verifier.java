package ai.in10nt.integration;

import ai.in10nt.bundles.Verification;
import ai.in10nt.bundles.Verification.Verdict;
import ai.in10nt.contracts.IntegrationData.Integration;
import ai.in10nt.contracts.IntegrationData.Status;
import ai.in10nt.contracts.IntegrationData.Warning;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Asks the partners of all complete integrations at once, and says how these stand then. */
@ApplicationScoped
class Verifier {
    private final Partners partners;

    Verifier(Partners partners) {
        this.partners = partners;
    }

    List<Integration> verified(List<Integration> integrations, Map<String, String> values) {
        var asked = integrations.stream()
                .filter(Integrations::isComplete)
                .map(integration -> verified(integration, values))
                .toList();
        return asked.stream().map(CompletableFuture::join).toList();
    }

    private CompletableFuture<Integration> verified(Integration integration, Map<String, String> values) {
        var bundle = Standing.bundle(integration.name());
        var mine = Standing.values(bundle, values);
        var answers = bundle.verifications().stream()
                .filter(verification -> mine.keySet().containsAll(verification.needs()))
                .map(verification ->
                        partners.ask(verification, mine).thenApply(verdict -> new Answer(verification, verdict)))
                .toList();
        return CompletableFuture.allOf(answers.toArray(CompletableFuture[]::new))
                .thenApply(_ -> standing(
                        integration,
                        answers.stream().map(CompletableFuture::join).toList()));
    }

    private record Answer(Verification verification, Verdict verdict) {}

    /** One partner that says no is enough; one that says nothing leaves it open. */
    private static Integration standing(Integration integration, List<Answer> answers) {
        var status = Status.READY;
        var errors = new ArrayList<String>();
        var warnings = new ArrayList<>(integration.warnings().stream()
                .filter(warning -> warning.variable() != null)
                .toList());
        for (var answer : answers) {
            var partner = answer.verification().partner();
            switch (answer.verdict()) {
                case Verdict.Valid(var told) -> told.forEach(warning -> warnings.add(new Warning(null, warning)));
                case Verdict.Invalid(var reason) -> {
                    status = Status.INVALID;
                    errors.add(partner + ": " + reason);
                }
                case Verdict.Unknown(var reason) -> {
                    status = status == Status.INVALID ? status : Status.UNVERIFIED;
                    errors.add(partner + ": " + reason);
                }
            }
        }
        return new Integration(
                integration.name(),
                status,
                integration.variables(),
                integration.missing(),
                warnings,
                status == Status.UNVERIFIED ? null : Instant.now(),
                text(errors));
    }

    private static @Nullable String text(List<String> errors) {
        return errors.isEmpty() ? null : errors.stream().collect(Collectors.joining("; "));
    }
}
