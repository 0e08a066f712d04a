package ai.in10nt.agent;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;

/** The secrets that this machine was given, taken out of whatever is shown. */
final class Masks {
    /** What is shorter would be found in words that have nothing to do with it. */
    private static final int SHORTEST = 6;

    private static final String MASK = "***";

    /** What every system has: a value of these says how programs run, and would be missed in what is told of them. */
    private static final Set<String> NO_SECRETS = Set.of(
            "PATH",
            "HOME",
            "SHELL",
            "USER",
            "LANG",
            "LC_ALL",
            "TZ",
            "TERM",
            "EDITOR",
            "NODE_ENV",
            "LD_PRELOAD",
            "LD_LIBRARY_PATH");

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
                        given.env() == null ? Stream.<String>of() : secretsOf(given.env()),
                        config.integrations().secrets().stream(),
                        given.providers().values().stream()
                                .map(AgentConfig.Provider::apiKey)
                                .filter(Objects::nonNull),
                        Stream.of(given.token(), config.openCodePassword()))
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

    private static Stream<String> secretsOf(Map<String, String> env) {
        return env.entrySet().stream()
                .filter(variable -> !NO_SECRETS.contains(variable.getKey()))
                .map(Map.Entry::getValue);
    }

    private List<String> texts() {
        if (secrets.revision() != config.integrations().revision()) {
            secrets = secrets();
        }
        return secrets.texts();
    }

    String in(String text) {
        var masked = text;
        for (var secret : texts()) {
            masked = masked.replace(secret, MASK);
        }
        return masked;
    }

    /** The same with every text in it masked. */
    JsonNode in(JsonNode json) {
        return switch (json) {
            case TextNode text -> TextNode.valueOf(in(text.textValue()));
            case ObjectNode object -> {
                var masked = Json.MAPPER.createObjectNode();
                object.properties().forEach(field -> masked.set(field.getKey(), in(field.getValue())));
                yield masked;
            }
            case ArrayNode array -> {
                var masked = Json.MAPPER.createArrayNode();
                array.forEach(element -> masked.add(in(element)));
                yield masked;
            }
            default -> json;
        };
    }

    /** How much of a text that goes on can be shown already: up to where a secret may have begun. */
    int settled(String text) {
        int end = text.length();
        for (var secret : texts()) {
            for (int begun = Math.min(secret.length() - 1, text.length()); begun > text.length() - end; begun--) {
                if (text.endsWith(secret.substring(0, begun))) {
                    end = text.length() - begun;
                }
            }
        }
        return beforeWhole(text, end);
    }

    /** No whole one is cut in two either. */
    private int beforeWhole(String text, int end) {
        for (var secret : texts()) {
            int at = text.lastIndexOf(secret, end - 1);
            if (at >= 0 && at < end && at + secret.length() > end) {
                return beforeWhole(text, at);
            }
        }
        return end;
    }
}
