package ai.in10nt.agent;

import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** The secrets that this machine was given, taken out of whatever is shown. */
final class Masks {
    /** What is shorter would be found in words that have nothing to do with it. */
    private static final int SHORTEST = 6;

    private static final String MASK = "***";

    /** The longest first: one may be part of another. */
    private final List<String> secrets;

    Masks(AgentConfig.Secrets given) {
        var values = Stream.concat(
                given.env() == null ? Stream.of() : given.env().values().stream(),
                given.providers().values().stream()
                        .map(AgentConfig.Provider::apiKey)
                        .filter(Objects::nonNull));
        this.secrets = Stream.concat(values, Stream.of(given.token()))
                // Line by line, as they'd be printed: a private key has many.
                .flatMap(String::lines)
                .map(String::strip)
                .filter(secret -> secret.length() >= SHORTEST)
                .distinct()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
    }

    String in(String text) {
        var masked = text;
        for (var secret : secrets) {
            masked = masked.replace(secret, MASK);
        }
        return masked;
    }
}
