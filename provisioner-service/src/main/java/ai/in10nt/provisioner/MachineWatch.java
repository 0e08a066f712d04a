package ai.in10nt.provisioner;

import ai.in10nt.provisioner.FlyMachines.Machine;
import io.quarkus.runtime.ShutdownEvent;
import io.quarkus.runtime.StartupEvent;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.concurrent.TimeUnit;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/**
 * Finds healthy instances whose machine isn't running: one list for all of them. An absent machine is only a suspicion (Fly's
 * list has been empty by mistake); the reconciler then asks for that one machine. From time to time it sweeps.
 */
@ApplicationScoped
class MachineWatch {
    private static final Logger LOG = Logger.getLogger(MachineWatch.class);

    private final FlyDriver fly;
    private final Instances instances;
    private final ProvisionerConfig config;
    private @Nullable Thread thread;
    private final Sweep sweep;
    private volatile boolean isStopping;

    MachineWatch(FlyDriver fly, Instances instances, ProvisionerConfig config) {
        this.fly = fly;
        this.instances = instances;
        this.config = config;
        this.sweep = new Sweep(fly);
    }

    void start(@Observes StartupEvent event) {
        thread = Thread.ofVirtual().name("machine-watch").start(this::watch);
    }

    void stop(@Observes ShutdownEvent event) {
        isStopping = true;
        if (thread != null) {
            thread.interrupt();
        }
    }

    private void watch() {
        boolean hasApp = false;
        long sweptAt = System.nanoTime();
        while (!Thread.currentThread().isInterrupted()) {
            try {
                if (!hasApp) {
                    fly.ensureApp();
                    hasApp = true;
                }
                look();
                if (System.nanoTime() - sweptAt > config.watch().sweep().toNanos()) {
                    sweep();
                    sweptAt = System.nanoTime();
                }
            } catch (RuntimeException e) {
                if (isStopping) {
                    return;
                }
                LOG.warnf("the machines can't be listed: %s", e.getMessage());
            }
            try {
                TimeUnit.MILLISECONDS.sleep(config.watch().every().toMillis());
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    private void sweep() {
        var machines = fly.machines();
        var volumes = fly.volumes();
        // The rows are read after the lists: what was made between the two isn't in the lists yet.
        var rows = instances.owned(sweep.claimed(machines, volumes));
        sweep.destroyOrphans(machines, volumes, rows);
    }

    private void look() {
        var started = fly.machines().stream()
                .filter(machine -> machine.state().equals("started"))
                .toList();
        var running = started.stream().map(Machine::id).toList();
        int suspects = instances.suspect(running);
        if (suspects > 0) {
            LOG.infof("%d healthy instances have no running machine in the list", suspects);
        }
        int unwanted = instances.unwanted(started.stream()
                .flatMap(machine -> fly.instanceOf(machine).stream())
                .toList());
        if (unwanted > 0) {
            LOG.infof("%d stopped instances have a running machine in the list", unwanted);
        }
    }
}
