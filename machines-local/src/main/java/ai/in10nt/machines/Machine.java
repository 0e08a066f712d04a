package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A machine as it is kept; {@link #answer} is how Fly's API shows it.
 *
 * @param version changes with each update of the configuration
 * @param versions its configurations, the newest first
 */
record Machine(
        String id,
        String app,
        String name,
        String state,
        String region,
        String version,
        @JsonProperty("private_ip") String privateIp,
        @JsonProperty("created_at") Instant createdAt,
        @JsonProperty("updated_at") Instant updatedAt,
        JsonNode config,
        List<Version> versions,
        List<Event> events,
        boolean cordoned,
        @Nullable Lease lease) {

    /** One configuration that it had. */
    record Version(
            String version, @JsonProperty("user_config") JsonNode userConfig) {}

    /**
     * Something that happened to it.
     *
     * @param timestamp epoch milliseconds
     */
    record Event(
            String id,
            String type,
            String status,
            String source,
            long timestamp,
            @Nullable Map<String, Object> request) {}

    private static final int KEPT_EVENTS = 50;
    private static final int KEPT_VERSIONS = 20;

    Machine {
        events = List.copyOf(events);
        versions = List.copyOf(versions);
    }

    Machine to(String state, @Nullable Event event, Instant now) {
        return new Machine(
                id,
                app,
                name,
                state,
                region,
                version,
                privateIp,
                createdAt,
                now,
                config,
                versions,
                event == null ? events : prepended(event, events, KEPT_EVENTS),
                cordoned,
                lease);
    }

    /** With another configuration under the same version. */
    Machine with(JsonNode config, Instant now) {
        return new Machine(
                id, app, name, state, region, version, privateIp, createdAt, now, config, versions, events, cordoned,
                lease);
    }

    Machine updated(JsonNode config, String version, Instant now) {
        return new Machine(
                id,
                app,
                name,
                state,
                region,
                version,
                privateIp,
                createdAt,
                now,
                config,
                prepended(new Version(version, config), versions, KEPT_VERSIONS),
                events,
                cordoned,
                lease);
    }

    /** What it was given is forgotten; that it was there isn't. */
    Machine forgotten(Event event, Instant now) {
        var rest = Json.MAPPER.createObjectNode();
        for (var kept : List.of("metadata", "guest", "image")) {
            if (config.has(kept)) {
                rest.set(kept, config.path(kept));
            }
        }
        return new Machine(
                id,
                app,
                name,
                "destroyed",
                region,
                version,
                privateIp,
                createdAt,
                now,
                rest,
                List.of(),
                prepended(event, events, KEPT_EVENTS),
                cordoned,
                null);
    }

    Machine cordoned(boolean isCordoned) {
        return new Machine(
                id,
                app,
                name,
                state,
                region,
                version,
                privateIp,
                createdAt,
                updatedAt,
                config,
                versions,
                events,
                isCordoned,
                lease);
    }

    Machine leased(@Nullable Lease lease) {
        return new Machine(
                id, app, name, state, region, version, privateIp, createdAt, updatedAt, config, versions, events,
                cordoned, lease);
    }

    private static <T> List<T> prepended(T first, List<T> rest, int atMost) {
        var list = new ArrayList<T>();
        list.add(first);
        list.addAll(rest.size() < atMost ? rest : rest.subList(0, atMost - 1));
        return list;
    }

    boolean is(String... states) {
        return List.of(states).contains(state);
    }

    @JsonIgnore
    Map<String, String> metadata() {
        var metadata = new TreeMap<String, String>();
        config.path("metadata")
                .properties()
                .forEach(entry -> metadata.put(entry.getKey(), entry.getValue().asText()));
        return metadata;
    }

    /** The volume it is on; null where it has none. */
    @JsonIgnore
    @Nullable
    String volume() {
        var mount = config.path("mounts").path(0).path("volume");
        return mount.isTextual() ? mount.asText() : null;
    }

    /**
     * As Fly shows it.
     *
     * @param isHostDead its host doesn't answer: the state is the last known one, and the configuration isn't complete
     */
    ObjectNode answer(boolean isHostDead) {
        var answer = Json.MAPPER.createObjectNode();
        answer.put("id", id).put("name", name).put("state", state).put("region", region);
        answer.put("instance_id", version).put("version", version).put("private_ip", privateIp);
        answer.put("created_at", createdAt.toString()).put("updated_at", updatedAt.toString());
        answer.set(isHostDead ? "incomplete_config" : "config", isHostDead ? overview() : config);
        answer.set("image_ref", ImageRef.of(config.path("image").asText()));
        answer.set("events", Json.MAPPER.valueToTree(events));
        answer.putArray("checks");
        answer.put("cordoned", cordoned);
        answer.put("host_status", isHostDead ? "unreachable" : "ok");
        return answer;
    }

    /** The parts of the configuration that lists of an organisation show. */
    ObjectNode overview() {
        var overview = Json.MAPPER.createObjectNode();
        for (var shown : List.of("image", "guest", "metadata")) {
            if (config.has(shown)) {
                overview.set(shown, config.path(shown));
            }
        }
        return overview;
    }

    /** Its configuration holds secrets. */
    @Override
    public String toString() {
        return "machine " + id + " (" + name + ", " + state + ")";
    }
}
