package ai.in10nt.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;

/** {@code ./dev key create}: a key of a tenant, which comes to exist by that. */
final class Keys {
    private Keys() {}

    static void create(Settings settings, Home home, List<String> words) throws IOException {
        int tenant = words.indexOf("--tenant");
        if (words.isEmpty() || !words.getFirst().equals("create") || tenant < 0 || tenant + 1 >= words.size()) {
            throw new Stack.Trouble("usage: ./dev key create --tenant NAME [--scopes read,write,admin]");
        }
        int scopes = words.indexOf("--scopes");
        var wanted = scopes < 0
                ? List.of("read", "write")
                : List.of(words.get(scopes + 1).split(",", -1));
        var gateway = new Gateway(
                "http://127.0.0.1:" + settings.gatewayPort(1),
                Files.readString(home.at("secrets/api-key")).strip());
        var name = words.get(tenant + 1);
        var created =
                gateway.post("/keys", Map.of("name", "made by ./dev for " + name, "tenant", name, "scopes", wanted));
        System.err.println(
                "A key of tenant " + name + " with " + String.join(", ", wanted) + ". It is shown this once:");
        System.out.println(created.path("key").asText());
    }
}
