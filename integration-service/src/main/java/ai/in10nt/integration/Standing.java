package ai.in10nt.integration;

import ai.in10nt.bundles.Bundle;
import ai.in10nt.bundles.Bundles;
import ai.in10nt.contracts.IntegrationData.Integration;
import ai.in10nt.contracts.IntegrationData.Status;
import ai.in10nt.contracts.IntegrationData.Warning;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;

/** How integrations stand by the values that there are. Pure. */
final class Standing {
    private Standing() {}

    static Bundle bundle(String name) {
        return Bundles.named(name).orElseThrow(() -> new IllegalArgumentException("no integration " + name));
    }

    /** Those of the values that one of the integrations has a variable for. */
    static Map<String, String> kept(List<String> names, Map<String, String> values) {
        var kept = new TreeMap<>(values);
        kept.keySet()
                .removeIf(variable -> names.stream()
                        .noneMatch(name -> bundle(name).variable(variable).isPresent()));
        return kept;
    }

    /**
     * One integration.
     *
     * @param before the same where its values haven't changed: what the partner said of them still holds
     */
    static Integration of(String name, Map<String, String> values, Optional<Integration> before) {
        var bundle = bundle(name);
        var mine = values(bundle, values);
        var missing = bundle.missing(mine.keySet());
        if (before.isPresent() && missing.isEmpty() && before.get().missing().isEmpty()) {
            return before.get();
        }
        var warnings = new ArrayList<Warning>();
        bundle.variables()
                .forEach(variable -> Optional.ofNullable(mine.get(variable.name()))
                        .flatMap(variable::odd)
                        .ifPresent(odd -> warnings.add(new Warning(variable.name(), odd))));
        return new Integration(
                name,
                missing.isEmpty() ? Status.READY : Status.INCOMPLETE,
                bundle.variables().stream()
                        .map(variable -> variable.name())
                        .filter(mine::containsKey)
                        .toList(),
                missing,
                warnings,
                null,
                null);
    }

    static Map<String, String> values(Bundle bundle, Map<String, String> values) {
        var mine = new HashMap<>(values);
        mine.keySet().removeIf(variable -> bundle.variable(variable).isEmpty());
        return mine;
    }

    /** What the agent's environment gets: nothing of an integration that isn't complete. */
    static Map<String, String> environment(List<Integration> integrations, Map<String, String> values) {
        var environment = new TreeMap<String, String>();
        complete(integrations)
                .forEach(bundle -> environment.putAll(bundle.environment().apply(values(bundle, values))));
        return environment;
    }

    private static Stream<Bundle> complete(List<Integration> integrations) {
        return integrations.stream()
                .filter(integration -> integration.status() != Status.INCOMPLETE)
                .map(integration -> bundle(integration.name()));
    }

    /** What the agent's MCP configuration gets, of complete ones too. */
    static List<Bundle.McpServer> mcpServers(List<Integration> integrations) {
        return complete(integrations)
                .flatMap(bundle -> bundle.mcpServers().stream())
                .toList();
    }

    /** Names of those that no log may show the value of. */
    static List<String> secrets(Set<String> variables) {
        return variables.stream()
                .filter(name -> Bundles.withVariable(name).stream()
                        .anyMatch(bundle -> bundle.variable(name).orElseThrow().isSecret()))
                .toList();
    }
}
