package ai.in10nt.machines;

import java.time.Duration;
import java.time.Instant;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Copies of volumes. As Fly's, they are crash-consistent, outlive their volume, and go when their days are over. */
final class Snapshots {
    /** What Fly shows while one is running. */
    private static final Instant NOT_YET = Instant.parse("0001-01-01T00:00:00Z");

    private final Store store;
    private final Folders folders;
    private final Map<String, Snapshot> snapshots = new ConcurrentHashMap<>();

    Snapshots(Store store, Folders folders) {
        this.store = store;
        this.folders = folders;
        store.snapshots().forEach(snapshot -> snapshots.put(snapshot.id(), snapshot));
        // What a kill cut off is done again, whole.
        snapshots.values().stream().filter(Snapshot::isRunning).forEach(this::run);
        snapshots.values().stream().filter(Snapshots::isOver).forEach(this::forget);
    }

    private static boolean isOver(Snapshot snapshot) {
        return !snapshot.isRunning()
                && snapshot.createdAt()
                        .plus(Duration.ofDays(snapshot.retentionDays()))
                        .isBefore(Instant.now());
    }

    private void forget(Snapshot snapshot) {
        folders.removeSnapshot(snapshot.id());
        store.forget("snapshots", snapshot.id());
        snapshots.remove(snapshot.id());
    }

    List<Snapshot> of(String app, String volume) {
        return snapshots.values().stream()
                .filter(snapshot ->
                        snapshot.app().equals(app) && snapshot.volume().equals(volume))
                .sorted(Comparator.comparing(Snapshot::id).reversed())
                .toList();
    }

    synchronized Snapshot take(Volume volume) {
        of(volume.app(), volume.id()).stream()
                .filter(Snapshot::isRunning)
                .findFirst()
                .ifPresent(running -> {
                    throw FlyError.notNow("snapshot is already scheduled at " + Instant.now());
                });
        var snapshot = new Snapshot(
                "vs_" + Tokens.sortable(16),
                0,
                volume.sizeGb() * 1_073_741_824L,
                "",
                "pending",
                NOT_YET,
                volume.snapshotRetention(),
                volume.id(),
                volume.sizeGb(),
                volume.app());
        save(snapshot);
        run(snapshot);
        return snapshot;
    }

    private void run(Snapshot snapshot) {
        Thread.ofVirtual().name(snapshot.id()).start(() -> {
            try {
                save(snapshot.to("running", 0, "", NOT_YET));
                var taken = folders.snapshot(snapshot.volume(), snapshot.id());
                save(snapshot.to("created", taken.bytes(), taken.digest(), Instant.now()));
            } catch (RuntimeException e) {
                System.err.println("snapshot " + snapshot.id() + " of " + snapshot.volume() + ": " + e);
                save(snapshot.to("failed", 0, "", Instant.now()));
            }
        });
    }

    /** One that a volume can be made from. */
    Snapshot finished(String app, String id) {
        var snapshot = snapshots.get(id);
        if (snapshot == null || !snapshot.app().equals(app)) {
            throw FlyError.of(404, "snapshot not found");
        }
        if (!snapshot.status().equals("created")) {
            throw FlyError.notNow("snapshot " + id + " is " + snapshot.status());
        }
        return snapshot;
    }

    private void save(Snapshot snapshot) {
        store.save(snapshot);
        snapshots.put(snapshot.id(), snapshot);
    }
}
