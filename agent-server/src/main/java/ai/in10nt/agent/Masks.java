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
    private record Secrets(long revision, List<String> texts) {}

    private final AgentConfig config;
    private volatile Secrets secrets;

    Masks(AgentConfig config) {
        this.config = config;
        this.secrets = secrets();
    }

    private Secrets secrets() {
        // First the revision: what comes between is found the next time.
        long revision = config.integrations().revision();
        var given = config.secrets();
        var values = Stream.of(
                        given.env() == null ? Stream.<String>of() : given.env().values().stream(),
                        config.integrations().secrets().stream(),
                        given.providers().values().stream()
                                .map(AgentConfig.Provider::apiKey)
                                .filter(Objects::nonNull),
                        Stream.of(given.token()))
                .flatMap(texts -> texts)
                // Line by line, as they'd be printed: a private key has many.
                .flatMap(String::lines)
                .map(String::strip)
                .filter(secret -> secret.length() >= SHORTEST)
                .distinct()
                .sorted(Comparator.comparingInt(String::length).reversed())
                .toList();
        return new Secrets(revision, values);
    }

    String in(String text) {
        if (secrets.revision() != config.integrations().revision()) {
            secrets = secrets();
        }
        var masked = text;
        for (var secret : secrets.texts()) {
            masked = masked.replace(secret, MASK);
        }
        return masked;
    }
}
