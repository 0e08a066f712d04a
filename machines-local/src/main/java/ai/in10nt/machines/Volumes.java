package ai.in10nt.machines;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Volumes: folders of this host, each on at most one machine. */
final class Volumes {
    private static final Pattern NAME = Pattern.compile("[a-z0-9_]{1,30}");
    private static final List<String> LEAVING = List.of("pending_destroy", "destroyed");

    private final Store store;
    private final Driver driver;
    private final Map<String, Volume> volumes = new ConcurrentHashMap<>();

    Volumes(Store store, Driver driver) {
        this.store = store;
        this.driver = driver;
        store.volumes().forEach(volume -> volumes.put(volume.id(), volume));
        volumes.values().stream()
                .filter(volume -> volume.state().equals("pending_destroy"))
                .forEach(this::erase);
    }

    List<Volume> list(String app) {
        return volumes.values().stream()
                .filter(volume -> volume.app().equals(app) && !volume.state().equals("destroyed"))
                .sorted(Comparator.comparing(Volume::createdAt).reversed())
                .toList();
    }

    synchronized Volume create(String app, JsonNode request) {
        var name = request.path("name").asText("");
        if (!NAME.matcher(name).matches()) {
            throw FlyError.invalid("volume names are up to 30 lowercase letters, numbers and underscores");
        }
        int size = request.path("size_gb").asInt(3);
        if (size < 1 || size > 500) {
            throw FlyError.invalid("size_gb must be between 1 and 500");
        }
        var volume = new Volume(
                "vol_" + Tokens.lowerCase(16),
                name,
                "created",
                size,
                Regions.require(request.path("region").asText("iad")),
                false,
                "ext4",
                null,
                Instant.now(),
                "ok",
                app);
        save(volume);
        return volume;
    }

    Volume get(String app, String id) {
        var volume = volumes.get(id);
        if (volume == null || !volume.app().equals(app)) {
            throw FlyError.of(404, "volume not found");
        }
        return volume;
    }

    /** Answers when its folder is gone; what a crash leaves of it is erased at the next start. */
    Volume destroy(String app, String id) {
        var leaving = markLeaving(app, id);
        erase(leaving);
        return leaving;
    }

    private synchronized Volume markLeaving(String app, String id) {
        var volume = get(app, id);
        if (LEAVING.contains(volume.state())) {
            return volume;
        }
        if (volume.attachedMachineId() != null) {
            throw FlyError.notNow("volume is currently bound to machine: " + volume.attachedMachineId());
        }
        var leaving = volume.to("pending_destroy");
        save(leaving);
        return leaving;
    }

    private void erase(Volume volume) {
        driver.removeVolume(volume.id());
        save(volume.to("destroyed"));
    }

    /** Binds it to a machine, or says whose it is. */
    synchronized void claim(String app, String id, String machine) {
        var volume = get(app, id);
        if (LEAVING.contains(volume.state())) {
            throw FlyError.of(404, "volume not found");
        }
        if (volume.attachedMachineId() != null && !volume.attachedMachineId().equals(machine)) {
            throw FlyError.notNow("volume already claimed by machine " + volume.attachedMachineId());
        }
        save(volume.attachedTo(machine));
    }

    synchronized void release(@Nullable String id, String machine) {
        var volume = id == null ? null : volumes.get(id);
        if (volume != null && machine.equals(volume.attachedMachineId())) {
            save(volume.attachedTo(null));
        }
    }

    private void save(Volume volume) {
        store.save(volume);
        volumes.put(volume.id(), volume);
    }
}
