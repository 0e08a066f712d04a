package ai.in10nt.provisioner;

import ai.in10nt.provisioner.FlyMachines.Machine;
import ai.in10nt.provisioner.FlyMachines.Volume;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Finds machines and volumes that belong to nothing and destroys them: those of instances that were destroyed, and doubles that an
 * unknown outcome left. A machine must prove by its metadata that this installation made it, a volume by its name that it is of an
 * instance we know; and each must have been found twice, because lists lag behind.
 */
final class Sweep {
    /**
     * What an instance has, by our rows.
     *
     * @param isGone it was destroyed
     * @param machine absent: none yet, so whichever there is may be its own
     */
    record Owned(
            boolean isGone,
            @Nullable String machine,
            @Nullable String volume) {}

    private static final Logger LOG = Logger.getLogger(Sweep.class);

    private final FlyDriver fly;
    private Set<String> suspects = Set.of();

    Sweep(FlyDriver fly) {
        this.fly = fly;
    }

    /** The ids of all instances that some machine or volume claims to belong to. */
    Set<String> claimed(List<Machine> machines, List<Volume> volumes) {
        var claimed = new HashSet<String>();
        machines.forEach(machine -> fly.instanceOf(machine).ifPresent(claimed::add));
        volumes.forEach(volume -> FlyDriver.instanceOf(volume).ifPresent(claimed::add));
        return claimed;
    }

    /** How many were destroyed. */
    int destroyOrphans(List<Machine> machines, List<Volume> volumes, Map<String, Owned> rows) {
        var found = new HashSet<String>();
        int destroyed = 0;
        for (var machine : machines) {
            if (isOrphan(machine, rows)) {
                found.add(machine.id());
                if (suspects.contains(machine.id())) {
                    LOG.warnf("machine %s belongs to nothing: it is destroyed", machine.id());
                    destroyed += tried(() -> fly.destroy(machine), machine.id());
                }
            }
        }
        for (var volume : volumes) {
            if (isOrphan(volume, rows)) {
                found.add(volume.id());
                if (suspects.contains(volume.id())) {
                    LOG.warnf("volume %s belongs to nothing: it is destroyed", volume.id());
                    destroyed += tried(() -> fly.destroy(volume), volume.id());
                }
            }
        }
        suspects = Set.copyOf(found);
        return destroyed;
    }

    private boolean isOrphan(Machine machine, Map<String, Owned> rows) {
        if (List.of("destroying", "destroyed").contains(machine.state())) {
            return false;
        }
        var instance = fly.instanceOf(machine);
        if (instance.isEmpty()) {
            return false;
        }
        var row = rows.get(instance.get());
        return row == null
                || row.isGone()
                || (row.machine() != null && !row.machine().equals(machine.id()));
    }

    private static boolean isOrphan(Volume volume, Map<String, Owned> rows) {
        var instance = FlyDriver.instanceOf(volume);
        if (instance.isEmpty() || FlyDriver.isLeaving(volume) || volume.attachedMachineId() != null) {
            return false;
        }
        // A name alone proves nothing: an instance of this name must be known here.
        var row = rows.get(instance.get());
        return row != null
                && (row.isGone() || (row.volume() != null && !row.volume().equals(volume.id())));
    }

    private static int tried(Runnable destroy, String id) {
        try {
            destroy.run();
            return 1;
        } catch (FlyProblem | Pace.NotYet e) {
            LOG.infof("%s is destroyed next time: %s", id, e.getMessage());
            return 0;
        }
    }
}
