package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

/** Fly's apps: here only names that machines and volumes belong to. */
final class Apps {
    private static final Pattern NAME = Pattern.compile("[a-z0-9-]{1,63}");

    private final Store store;
    private final Map<String, JsonNode> apps = new ConcurrentHashMap<>();

    Apps(Store store) {
        this.store = store;
        store.apps().forEach(app -> apps.put(app.path("name").asText(), app));
    }

    synchronized JsonNode create(JsonNode request) {
        // The documents say app_name, the specification name; Fly takes both.
        var name = request.path("name").asText(request.path("app_name").asText(""));
        var organization = request.path("org_slug").asText("");
        if (organization.isEmpty()) {
            throw FlyError.of(400, "org_slug is required");
        }
        if (!NAME.matcher(name).matches()) {
            throw FlyError.of(422, "Name under 63 chars using numbers, lowercase letters and dashes");
        }
        if (apps.containsKey(name)) {
            throw FlyError.of(422, "name_taken", "Name has already been taken");
        }
        var app = Json.MAPPER.createObjectNode();
        app.put("id", name).put("name", name).put("status", "deployed");
        app.put("created_at", Instant.now().toEpochMilli());
        app.putObject("organization").put("name", organization).put("slug", organization);
        store.saveApp(name, app);
        apps.put(name, app);
        return app;
    }

    JsonNode get(String name) {
        var app = apps.get(name);
        if (app == null) {
            throw FlyError.of(404, "Could not find App \"" + name + "\"");
        }
        return app;
    }

    List<JsonNode> list(String organization) {
        return apps.values().stream()
                .filter(app -> app.path("organization").path("slug").asText().equals(organization))
                .toList();
    }
}
