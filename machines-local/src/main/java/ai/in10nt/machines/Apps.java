package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** Fly's apps: here only names that machines and volumes belong to. */
final class Apps {
    private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,63}");
    private static final Pattern ORGANIZATION = Pattern.compile("[a-z0-9-]{1,63}");

    private final Store store;
    private final Map<String, ObjectNode> apps = new ConcurrentHashMap<>();

    Apps(Store store) {
        this.store = store;
        store.apps().forEach(app -> apps.put(app.path("name").asText(), app));
    }

    synchronized JsonNode create(JsonNode request) {
        // The documents say app_name, the specification name; Fly takes both.
        var name = request.path("name").asText(request.path("app_name").asText(""));
        var organization = request.path("org_slug").asText("");
        var key = request.path("idempotency_key").asText("");
        if (!ORGANIZATION.matcher(organization).matches()) {
            throw FlyError.of(400, "org_slug is required");
        }
        if (!key.isEmpty()) {
            var earlier = apps.values().stream()
                    .filter(app -> app.path("idempotency_key").asText().equals(key))
                    .findFirst();
            if (earlier.isPresent()) {
                if (!name.isEmpty() && !earlier.get().path("name").asText().equals(name)) {
                    throw FlyError.of(422, "idempotency_key was used with another name");
                }
                return created(earlier.get());
            }
        }
        if (!NAME.matcher(name).matches()) {
            throw FlyError.of(422, "Name under 63 chars using numbers, lowercase letters and dashes");
        }
        if (apps.containsKey(name)) {
            throw FlyError.of(422, "name_taken", "Name has already been taken");
        }
        var app = Json.MAPPER.createObjectNode();
        app.put("id", Tokens.lowerCase(14)).put("name", name).put("status", "deployed");
        app.put("network", request.path("network").asText("default"));
        app.put("created_at", Instant.now().toEpochMilli());
        app.putObject("organization").put("name", organization).put("slug", organization);
        if (!key.isEmpty()) {
            app.put("idempotency_key", key);
        }
        store.saveApp(name, app);
        apps.put(name, app);
        return created(app);
    }

    private static JsonNode created(JsonNode app) {
        var answer = Json.MAPPER.createObjectNode();
        answer.set("id", app.path("id"));
        answer.set("created_at", app.path("created_at"));
        return answer;
    }

    ObjectNode get(String name) {
        var app = apps.get(name);
        if (app == null) {
            throw FlyError.of(404, "Could not find App \"" + name + "\"");
        }
        return app;
    }

    boolean has(String name) {
        return apps.containsKey(name);
    }

    List<ObjectNode> list(String organization) {
        return apps.values().stream()
                .filter(app -> organizationOf(app).equals(organization))
                .sorted(Comparator.comparing(
                                (ObjectNode app) -> app.path("name").asText())
                        .reversed())
                .toList();
    }

    static String organizationOf(JsonNode app) {
        return app.path("organization").path("slug").asText();
    }

    synchronized void remove(String name) {
        apps.remove(name);
        store.forget("apps", name);
    }
}
