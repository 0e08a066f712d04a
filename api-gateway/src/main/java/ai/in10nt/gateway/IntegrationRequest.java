package ai.in10nt.gateway;

import ai.in10nt.bundles.Bundle;
import ai.in10nt.bundles.Bundles;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * What a request asks of integrations, checked as far as values tell; what merely looks wrong is a warning of their owner's.
 *
 * @param names the whole list
 * @param env values of their variables
 * @param verify whether the partners are to be asked
 */
record IntegrationRequest(List<String> names, Map<String, String> env, boolean verify) {
    /** Of an instance to be created: with all that its integrations need. */
    static IntegrationRequest ofCreate(Body body) {
        var request = read(body);
        for (var name : request.names) {
            Bundles.named(name)
                    .ifPresent(bundle -> bundle.missing(request.env.keySet())
                            .forEach(variable -> body.wrong("integrationEnv." + variable, "is required by " + name)));
        }
        return request;
    }

    /** Of an instance that is there: what is missing may come later. */
    static IntegrationRequest ofSet(Body body) {
        if (body.value("integrations").isEmpty()) {
            body.wrong("integrations", "is required: the names of all that the instance is to have");
        }
        return read(body);
    }

    private static IntegrationRequest read(Body body) {
        var names = body.texts("integrations").stream().distinct().toList();
        for (var name : names) {
            if (Bundles.named(name).isEmpty()) {
                body.wrong(
                        "integrations", "must be of " + String.join(", ", Bundles.names()) + ", in exactly this case");
            }
        }
        var env = body.map("integrationEnv");
        env.forEach((variable, value) -> check(body, names, variable, value));
        return new IntegrationRequest(names, env, body.flag("verify", "verify", false));
    }

    private static void check(Body body, List<String> names, String variable, String value) {
        var field = "integrationEnv." + variable;
        var bundles = Bundles.withVariable(variable);
        if (bundles.isEmpty()) {
            body.wrong(field, "is a variable of no integration; other variables belong into env");
            return;
        }
        if (bundles.stream().noneMatch(bundle -> names.contains(bundle.name()))) {
            body.wrong(
                    field,
                    "belongs to " + bundles.stream().map(Bundle::name).collect(Collectors.joining(", "))
                            + ", which isn't in integrations");
        }
        bundles.getFirst()
                .variable(variable)
                .flatMap(known -> known.impossible(value))
                .ifPresent(why -> body.wrong(field, why));
    }

    /** Throws where one of them doesn't work with this agent. */
    void refuseUnlessFor(String agentType) {
        for (var name : names) {
            var types = Bundles.named(name).orElseThrow().agentTypes();
            if (!types.contains(agentType)) {
                var wanted = String.join(" or ", types.stream().sorted().toList());
                throw Problem.of(
                        422,
                        name.toLowerCase(Locale.ROOT) + "_requires_"
                                + String.join("_or_", types.stream().sorted().toList()),
                        name + " works with agentType " + wanted + " only; this is " + agentType + ".");
            }
        }
    }

    /** The values are secrets. */
    @Override
    public String toString() {
        return "IntegrationRequest[" + names + ", " + env.keySet() + "]";
    }
}
