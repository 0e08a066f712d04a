package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.ext.web.RoutingContext;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A request for one of Fly's paths, and what may be asked of it. */
record Call(RoutingContext context, Apps apps) {

    /** The app that the path names; it exists. */
    String app() {
        var name = String.valueOf(context.pathParam("app"));
        apps.get(name);
        return name;
    }

    List<String> appsOf(String organization) {
        return apps.list(organization).stream()
                .map(app -> app.path("name").asText())
                .collect(Collectors.toList());
    }

    String id() {
        return String.valueOf(context.pathParam("id"));
    }

    String key() {
        return String.valueOf(context.pathParam("key"));
    }

    Machine machine(Machines machines) {
        return machines.get(app(), id());
    }

    String path() {
        return String.valueOf(context.request().path());
    }

    /** Proves a lease. */
    @Nullable
    String nonce() {
        return context.request().getHeader("fly-machine-lease-nonce");
    }

    @Nullable
    String query(String name) {
        return context.queryParams().get(name);
    }

    List<String> queries(String name) {
        return context.queryParam(name);
    }

    Iterable<Map.Entry<String, String>> queries() {
        return context.queryParams();
    }

    boolean isTrue(String name) {
        return "true".equals(query(name));
    }

    ObjectNode body() {
        var text = context.body().asString();
        if (text == null || text.isBlank()) {
            return Json.MAPPER.createObjectNode();
        }
        return Json.read(text, ObjectNode.class);
    }

    static Instant instant(String field, String text) {
        try {
            return Instant.parse(text);
        } catch (DateTimeException e) {
            throw FlyError.invalid(field + ": must be a time such as 2026-01-31T12:00:00Z");
        }
    }
}
