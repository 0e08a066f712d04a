package ai.in10nt.machines;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Volumes: folders of this host, each on at most one machine. */
final class Volumes {
    private static final Pattern NAME = Pattern.compile("[a-z0-9_]{1,30}");
    private static final int LARGEST_GB = 500;
    /** Fly lists a destroyed volume for a day; here for as long as a developer may look. */
    private static final Duration LISTED_WHILE_LEAVING = Duration.ofMinutes(10);

    private final Store store;
    private final Folders folders;
    private final Snapshots snapshots;
    private final Map<String, Volume> volumes = new ConcurrentHashMap<>();

    Volumes(Store store, Folders folders, Snapshots snapshots) {
        this.store = store;
        this.folders = folders;
        this.snapshots = snapshots;
        store.volumes().forEach(volume -> volumes.put(volume.id(), volume));
        volumes.values().forEach(volume -> {
            switch (volume.state()) {
                case "pending_destroy" -> erase(volume);
                // Its content was being written: a volume that never was whole is given up.
                case "creating", "restoring", "hydrating" -> erase(leaving(volume));
                default -> {}
            }
        });
    }

    List<Volume> list(String app) {
        return all().stream().filter(volume -> volume.app().equals(app)).toList();
    }

    List<Volume> all() {
        var listedSince = Instant.now().minus(LISTED_WHILE_LEAVING);
        return volumes.values().stream()
                .filter(volume -> !volume.isLeaving() || volume.updatedAt().isAfter(listedSince))
                .map(volume -> volume.isLeaving() ? volume.to("pending_destroy") : volume)
                .sorted(Comparator.comparing(Volume::createdAt)
                        .thenComparing(Volume::id)
                        .reversed())
                .toList();
    }

    Volume create(String app, JsonNode request) {
        var name = request.path("name").asText("");
        if (!NAME.matcher(name).matches()) {
            throw FlyError.invalid("name: volume names are up to 30 lowercase letters, numbers and underscores");
        }
        var fstype = request.path("fstype").asText("ext4");
        if (!List.of("ext4", "raw").contains(fstype)) {
            throw FlyError.invalid("fstype must be ext4 or raw");
        }
        var restored = request.path("snapshot_id").isTextual()
                ? snapshots.finished(app, request.path("snapshot_id").asText())
                : null;
        var forked = request.path("source_volume_id").isTextual()
                ? get(app, request.path("source_volume_id").asText())
                : null;
        int least = restored != null ? restored.sizeGb() : forked != null ? forked.sizeGb() : 1;
        int size = Settings.number(
                "size_gb", request.path("size_gb").asText(String.valueOf(Math.max(least, 3))), 1, LARGEST_GB);
        if (size < least) {
            throw FlyError.of(422, "size_gb must be greater than or equal to " + least);
        }
        var now = Instant.now();
        var volume = new Volume(
                "vol_" + Tokens.lowerCase(16),
                name,
                restored != null ? "restoring" : forked != null ? "hydrating" : "created",
                size,
                Regions.choose(request.path("region").asText("")),
                "local",
                request.path("encrypted").asBoolean(true),
                "local",
                fstype,
                null,
                now,
                now,
                retention(request, 5),
                request.path("auto_backup_enabled").asBoolean(true),
                "ok",
                app);
        save(volume);
        if (restored != null) {
            fill(volume, () -> folders.restore(restored.id(), volume.id()));
        } else if (forked != null) {
            fill(volume, () -> folders.fork(forked.id(), volume.id()));
        }
        return volume;
    }

    private static int retention(JsonNode request, int byDefault) {
        return Settings.number(
                "snapshot_retention", request.path("snapshot_retention").asText(String.valueOf(byDefault)), 1, 60);
    }

    private void fill(Volume volume, Runnable work) {
        Thread.ofVirtual().name(volume.id()).start(() -> {
            try {
                work.run();
                synchronized (this) {
                    save(current(volume).to("created"));
                }
            } catch (RuntimeException e) {
                System.err.println("volume " + volume.id() + " can't be filled: " + e);
                erase(leaving(volume));
            }
        });
    }

    private Volume current(Volume volume) {
        return volumes.getOrDefault(volume.id(), volume);
    }

    Volume get(String app, String id) {
        var volume = volumes.get(id);
        if (volume == null || !volume.app().equals(app)) {
            throw FlyError.of(404, "volume not found");
        }
        return volume;
    }

    synchronized Volume update(String app, String id, JsonNode request) {
        var volume = present(app, id);
        var next = volume.keeping(
                retention(request, volume.snapshotRetention()),
                request.path("auto_backup_enabled").asBoolean(volume.autoBackupEnabled()));
        save(next);
        return next;
    }

    synchronized Volume extend(String app, String id, JsonNode request) {
        var volume = present(app, id);
        int size = Settings.number("size_gb", request.path("size_gb").asText(""), 1, LARGEST_GB);
        if (size < volume.sizeGb()) {
            throw FlyError.of(422, "size_gb must be greater than or equal to " + volume.sizeGb());
        }
        var next = volume.extendedTo(size);
        save(next);
        return next;
    }

    Snapshot snapshot(String app, String id) {
        return snapshots.take(present(app, id));
    }

    List<Snapshot> snapshots(String app, String id) {
        return snapshots.of(app, id);
    }

    /** Answers at once: it is listed on its way out for a while. */
    synchronized Volume destroy(String app, String id) {
        var volume = get(app, id);
        if (volume.isLeaving()) {
            return volume;
        }
        if (volume.attachedMachineId() != null) {
            throw FlyError.notNow("volume is currently bound to machine: " + volume.attachedMachineId());
        }
        var leaving = leaving(volume);
        Thread.ofVirtual().name(id).start(() -> erase(leaving));
        return leaving;
    }

    private Volume leaving(Volume volume) {
        var leaving = volume.to("pending_destroy");
        save(leaving);
        return leaving;
    }

    /** What a kill leaves of it is erased at the next start. */
    private void erase(Volume volume) {
        folders.removeVolume(volume.id());
        save(volume.to("destroyed"));
    }

    private Volume present(String app, String id) {
        var volume = get(app, id);
        if (volume.isLeaving()) {
            throw FlyError.of(404, "volume not found");
        }
        return volume;
    }

    /** Binds it to a machine, or says whose it is. */
    synchronized void claim(String app, String id, String machine) {
        var volume = present(app, id);
        if (volume.attachedMachineId() != null && !volume.attachedMachineId().equals(machine)) {
            throw FlyError.notNow("volume already claimed by machine " + volume.attachedMachineId());
        }
        if (!volume.state().equals("created")) {
            throw FlyError.notNow("volume is " + volume.state());
        }
        save(volume.attachedTo(machine));
    }

    synchronized void release(@Nullable String id, String machine) {
        var volume = id == null ? null : volumes.get(id);
        if (volume != null && machine.equals(volume.attachedMachineId())) {
            save(volume.attachedTo(null));
        }
    }

    /** Frees those whose machine is gone. */
    synchronized void releaseWhere(Predicate<String> isGone) {
        for (var volume : List.copyOf(volumes.values())) {
            if (volume.attachedMachineId() != null && isGone.test(volume.attachedMachineId())) {
                save(volume.attachedTo(null));
            }
        }
    }

    private void save(Volume volume) {
        store.save(volume);
        volumes.put(volume.id(), volume);
    }
}
