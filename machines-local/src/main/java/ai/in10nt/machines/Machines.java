package ai.in10nt.machines;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What may be asked of machines, and what is refused: Fly's states and words. Calls answer at once and the work goes on in
 * {@link Lifecycle}, so transient states are seen.
 */
final class Machines {
    private static final int MOST_MEMORY_TO_SUSPEND = 2048;

    private final MachineTable table;
    private final Driver driver;
    private final Volumes volumes;
    private final Lifecycle lifecycle;

    Machines(MachineTable table, Driver driver, Volumes volumes, Lifecycle lifecycle) {
        this.table = table;
        this.driver = driver;
        this.volumes = volumes;
        this.lifecycle = lifecycle;
    }

    List<Machine> list(String app) {
        return table.of(app);
    }

    List<Machine> all() {
        return List.copyOf(table.all());
    }

    Machine get(String app, String id) {
        return table.require(app, id);
    }

    /**
     * Makes one.
     *
     * @param imageTakes how long its image is prepared
     * @param isNeverReady by a fault: another program than its own is run
     */
    synchronized Machine create(String app, JsonNode request, Duration imageTakes, boolean isNeverReady) {
        var config = request.path("config");
        Settings.check(config);
        var id = Tokens.machine();
        var name = request.path("name").asText("machine-" + id);
        list(app).stream()
                .filter(machine -> machine.name().equals(name) && !machine.is("destroyed"))
                .findFirst()
                .ifPresent(clash -> {
                    throw FlyError.of(
                            409,
                            "already_exists: unique machine name violation, machine ID " + clash.id()
                                    + " already exists with name \"" + name + "\"");
                });
        var region = Regions.choose(request.path("region").asText(""));
        var now = Instant.now();
        var version = Tokens.ulid();
        var machine = new Machine(
                id,
                app,
                name,
                "created",
                region,
                version,
                table.freeAddress(),
                now,
                now,
                config,
                List.of(new Machine.Version(version, config)),
                List.of(Lifecycle.event("launch", "created", "user", null)),
                request.path("skip_service_registration").asBoolean(),
                null);
        if (machine.volume() != null) {
            volumes.claim(app, machine.volume(), id);
        }
        table.save(machine);
        lifecycle.create(id, imageTakes, !request.path("skip_launch").asBoolean(), isNeverReady);
        return machine;
    }

    Machine update(String app, String id, JsonNode request, @Nullable String nonce) {
        var config = request.path("config");
        Settings.check(config);
        synchronized (table.lock(id)) {
            var machine = changeable(app, id, nonce);
            var expected = request.path("current_version");
            if (expected.isTextual() && !expected.asText().equals(machine.version())) {
                throw FlyError.of(409, "aborted: machine version mismatch, current version is " + machine.version());
            }
            if (machine.is("replacing", "restarting", "suspending")) {
                throw FlyError.of(409, "aborted: machine update failed due to concurrent update");
            }
            var volume = config.path("mounts").path(0).path("volume").asText(null);
            if (!Objects.equals(volume, machine.volume())) {
                throw FlyError.invalid("the volume of a machine can't be changed");
            }
            boolean wasRunning = machine.is("started", "starting", "stopping", "suspended");
            var now = Instant.now();
            var next = machine.updated(config, Tokens.ulid(), now)
                    .to("replacing", Lifecycle.event("update", "replacing", "user", null), now);
            table.save(next);
            lifecycle.replace(id, wasRunning, !request.path("skip_launch").asBoolean());
            return next;
        }
    }

    /** The one that the caller may change now; its lock is held. */
    private Machine changeable(String app, String id, @Nullable String nonce) {
        var machine = get(app, id);
        if (machine.is("destroying", "destroyed")) {
            throw FlyError.notNow("machine is " + machine.state());
        }
        Leases.check(machine, nonce);
        return machine;
    }

    /** The state that it had. */
    String start(String app, String id, @Nullable String nonce) {
        synchronized (table.lock(id)) {
            var machine = get(app, id);
            Leases.check(machine, nonce);
            switch (machine.state()) {
                case "stopped", "failed", "suspended" -> {
                    table.move(id, "starting", Lifecycle.event("start", "starting", "user", null));
                    lifecycle.start(id);
                }
                case "started", "starting" -> {}
                case "replacing", "restarting" -> throw FlyError.notNow("machine getting replaced, refusing to start");
                case "stopping", "suspending" -> throw FlyError.notNow("machine still active, refusing to start");
                default ->
                    throw FlyError.notNow("unable to start machine from current state: '" + machine.state() + "'");
            }
            return machine.state();
        }
    }

    void stop(String app, String id, JsonNode request, @Nullable String nonce) {
        synchronized (table.lock(id)) {
            var machine = changeable(app, id, nonce);
            var given = request.path("signal");
            var signal = given.isMissingNode() || given.asText().isEmpty()
                    ? Settings.stopSignal(machine.config())
                    : Settings.stopSignal("signal", given);
            var timeout = Settings.duration(request.path("timeout"), Lifecycle.stopTimeout(machine));
            if (!machine.is("stopped", "stopping", "failed")) {
                table.move(id, "stopping", Lifecycle.event("stop", "stopping", "user", null));
                lifecycle.stop(id, signal, timeout);
            }
        }
    }

    void restart(String app, String id, String signal, Duration timeout, @Nullable String nonce) {
        synchronized (table.lock(id)) {
            var machine = changeable(app, id, nonce);
            if (!machine.is("started")) {
                throw FlyError.notNow("unable to restart machine from current state: '" + machine.state() + "'");
            }
            table.move(id, "restarting", Lifecycle.event("restart", "restarting", "user", null));
            var wait = timeout.isZero() ? Lifecycle.stopTimeout(machine) : timeout;
            lifecycle.restart(id, signal.isEmpty() ? Settings.stopSignal(machine.config()) : signal, wait);
        }
    }

    void suspend(String app, String id, @Nullable String nonce) {
        synchronized (table.lock(id)) {
            var machine = changeable(app, id, nonce);
            if (machine.is("suspended", "suspending")) {
                return;
            }
            if (!machine.is("started")) {
                throw FlyError.notNow("unable to suspend machine from current state: '" + machine.state() + "'");
            }
            if (machine.config().path("guest").path("memory_mb").asInt(256) > MOST_MEMORY_TO_SUSPEND) {
                throw FlyError.notNow("machines with more than 2GB of memory can't be suspended");
            }
            table.move(id, "suspending", Lifecycle.event("suspend", "suspending", "user", null));
            lifecycle.suspend(id);
        }
    }

    void signal(String app, String id, String signal) {
        requireStarted(app, id);
        driver.signal(id, signal);
    }

    void destroy(String app, String id, boolean isForced, @Nullable String nonce) {
        synchronized (table.lock(id)) {
            var machine = get(app, id);
            if (machine.is("destroying", "destroyed")) {
                return;
            }
            Leases.check(machine, nonce);
            if (!isForced && !machine.is("stopped", "created", "failed", "suspended")) {
                throw FlyError.notNow("unable to destroy machine, not currently stopped; use force");
            }
            table.move(id, "destroying", Lifecycle.event("destroy", "destroying", "user", null));
            lifecycle.destroy(id);
        }
    }

    Driver.ExecResult exec(String app, String id, List<String> command, Duration timeout) {
        requireStarted(app, id);
        return driver.exec(id, command, timeout);
    }

    private void requireStarted(String app, String id) {
        if (!get(app, id).is("started")) {
            throw FlyError.notNow("machine not running");
        }
    }

    void cordon(String app, String id, boolean isCordoned, @Nullable String nonce) {
        synchronized (table.lock(id)) {
            table.save(changeable(app, id, nonce).cordoned(isCordoned));
        }
    }

    /**
     * Sets and, where a value is null or empty, removes; no new version comes of it.
     *
     * @param version refused where it isn't the machine's present one
     */
    void setMetadata(String app, String id, Map<String, String> changes, @Nullable String version) {
        synchronized (table.lock(id)) {
            var machine = get(app, id);
            if (version != null && !version.equals(machine.version())) {
                throw FlyError.notNow("machine version mismatch, current version is " + machine.version());
            }
            ObjectNode config = machine.config().deepCopy();
            var metadata = config.withObjectProperty("metadata");
            changes.forEach((key, value) -> {
                if (value.isEmpty()) {
                    metadata.remove(key);
                } else {
                    metadata.put(key, value);
                }
            });
            table.save(machine.with(config, Instant.now()));
        }
    }
}
