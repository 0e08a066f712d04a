package ai.in10nt.stack;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.net.URI;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * The model providers that agents get. {@code NAME_API_KEY} and {@code NAME_BASE_URL} of a known provider make it real; without
 * any, the demo model stands in for OpenRouter, under the API's default names.
 */
final class Providers {
    /** All speak OpenAI's chat completions at these addresses. */
    private static final Map<String, String> KNOWN = new TreeMap<>(Map.of(
            "openrouter", "https://openrouter.ai/api/v1",
            "openai", "https://api.openai.com/v1",
            "anthropic", "https://api.anthropic.com/v1"));

    private Providers() {}

    static ObjectNode of(Settings settings) {
        var providers = Json.MAPPER.createObjectNode();
        KNOWN.forEach((name, baseUrl) -> {
            var prefix = name.toUpperCase(Locale.ROOT);
            var key = settings.variable(prefix + "_API_KEY");
            var url = settings.variable(prefix + "_BASE_URL");
            if (key.isPresent() || url.isPresent()) {
                var provider = providers
                        .putObject(name)
                        .put("baseUrl", url.orElse(baseUrl).replace("//localhost", "//127.0.0.1"));
                key.ifPresent(value -> provider.put("apiKey", value));
            }
        });
        if (providers.isEmpty()) {
            providers.set("openrouter", demoModel("http://127.0.0.1:" + settings.modelPort() + "/v1"));
        }
        return providers;
    }

    static ObjectNode demoModel(String url) {
        return Json.MAPPER
                .createObjectNode()
                .put("baseUrl", url)
                .put("apiKey", "demo")
                .put("inputPrice", 3)
                .put("outputPrice", 15);
    }

    /** What the demo asks for: the first provider there is, and a model that it has. */
    static Map<String, String> demoRun(Settings settings) {
        var provider = of(settings).fieldNames().next();
        var known = Map.of("openai", "gpt-4.1-mini", "anthropic", "claude-sonnet-4-5");
        var model = settings.variable("IN10NT_DEMO_MODEL").or(() -> Optional.ofNullable(known.get(provider)));
        return model.map(name -> Map.of("provider", provider, "model", name))
                .orElseGet(() -> Map.of("provider", provider));
    }

    /** The one port of this host that machines must reach, where a model listens on loopback. */
    static OptionalInt localPort(Settings settings) {
        for (var provider : of(settings)) {
            var url = URI.create(provider.path("baseUrl").asText());
            if ("127.0.0.1".equals(url.getHost()) && url.getPort() > 0) {
                return OptionalInt.of(url.getPort());
            }
        }
        return OptionalInt.empty();
    }

    /** Whether any variable names a real provider. */
    static boolean areReal(Settings settings) {
        return KNOWN.keySet().stream()
                .map(name -> name.toUpperCase(Locale.ROOT))
                .anyMatch(name -> settings.variable(name + "_API_KEY").isPresent()
                        || settings.variable(name + "_BASE_URL").isPresent());
    }

    static boolean isSecret(String variable) {
        return variable.endsWith("_API_KEY") || variable.endsWith("_TOKEN") || variable.endsWith("_SECRET");
    }
}
