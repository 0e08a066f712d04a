package ai.in10nt.machines;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A machine as Fly's API shows it and as it is kept (with its configuration sealed).
 *
 * @param version changes with each update of the configuration
 */
record Machine(
        String id,
        String name,
        String state,
        String region,
        @JsonProperty("instance_id") String version,
        @JsonProperty("private_ip") String privateIp,
        @JsonProperty("created_at") Instant createdAt,
        @JsonProperty("updated_at") Instant updatedAt,
        JsonNode config,
        List<Event> events,
        @JsonProperty("host_status") String hostStatus,
        @JsonIgnore String app) {

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

    Machine {
        events = List.copyOf(events);
    }

    Machine to(String state, @Nullable Event event, Instant now) {
        var next = new ArrayList<Event>();
        if (event != null) {
            next.add(event);
        }
        next.addAll(events.size() < KEPT_EVENTS ? events : events.subList(0, KEPT_EVENTS - 1));
        return new Machine(id, name, state, region, version, privateIp, createdAt, now, config, next, hostStatus, app);
    }

    Machine with(JsonNode config, String version, Instant now) {
        return new Machine(
                id, name, state, region, version, privateIp, createdAt, now, config, events, hostStatus, app);
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

    /** Its configuration holds secrets. */
    @Override
    public String toString() {
        return "machine " + id + " (" + name + ", " + state + ")";
    }
}
