package ai.in10nt.bundles;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * An integration as data: what it is called, what it needs, whom to ask, and what becomes of it in the machine.
 *
 * @param name in exactly this case
 * @param variables in the order in which they are told
 * @param together optional ones that are given all or none
 * @param agentTypes that it works with
 * @param environment what the agent gets of its values; the values themselves, and what makes programs use them
 */
public record Bundle(
        String name,
        List<Variable> variables,
        Set<String> together,
        Set<String> agentTypes,
        List<Verification> verifications,
        Function<Map<String, String>, Map<String, String>> environment) {

    private static final Set<String> ANY_AGENT = Set.of("opencode", "moltbot");

    public static Bundle of(String name, Verification verification, Variable... variables) {
        return new Bundle(name, List.of(variables), Set.of(), ANY_AGENT, List.of(verification), values -> values);
    }

    public Bundle onlyFor(String agentType) {
        return new Bundle(name, variables, together, Set.of(agentType), verifications, environment);
    }

    public Bundle alsoAsking(Verification another) {
        return new Bundle(
                name,
                variables,
                together,
                agentTypes,
                Stream.concat(verifications.stream(), Stream.of(another)).toList(),
                environment);
    }

    public Bundle together(String... names) {
        return new Bundle(name, variables, Set.of(names), agentTypes, verifications, environment);
    }

    /** With these variables more in the agent's environment. */
    public Bundle withEnvironment(Map<String, String> more) {
        return new Bundle(name, variables, together, agentTypes, verifications, values -> {
            var all = new HashMap<>(values);
            all.putAll(more);
            return all;
        });
    }

    public Optional<Variable> variable(String variable) {
        return variables.stream().filter(known -> known.name().equals(variable)).findFirst();
    }

    /** Names of the variables that are still needed. */
    public List<String> missing(Set<String> given) {
        var missing = new ArrayList<String>();
        boolean needsAllOfTheOptional = together.stream().anyMatch(given::contains);
        for (var variable : variables) {
            boolean isNeeded = variable.isRequired() || (needsAllOfTheOptional && together.contains(variable.name()));
            if (isNeeded && !given.contains(variable.name())) {
                missing.add(variable.name());
            }
        }
        return missing;
    }
}
