package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Fly's machines and their states. Calls answer at once and the work goes on in the background, so transient states are seen.
 * What happens to one machine happens one after another.
 */
final class Machines {
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final Duration AGAIN = Duration.ofSeconds(2);
    private static final Duration DEFAULT_STOP = Duration.ofSeconds(5);
    private static final Duration KEPT_AFTER_DESTROY = Duration.ofHours(1);

    private final MachineTable table;
    private final Driver driver;
    private final Volumes volumes;

    Machines(MachineTable table, Driver driver, Volumes volumes) {
        this.table = table;
        this.driver = driver;
        this.volumes = volumes;
    }

    /** Takes up what an earlier process left: machines that still run are found again, half-done work is done. */
    void adopt() {
        table.all().forEach(machine -> {
            switch (machine.state()) {
                case "created", "starting", "replacing" -> background(machine.id(), () -> launch(machine.id()));
                case "stopping" -> background(machine.id(), () -> halt(machine.id(), "SIGTERM", DEFAULT_STOP));
                case "destroying" -> background(machine.id(), () -> end(machine.id()));
                default -> {}
            }
        });
        Thread.ofVirtual().name("exits").start(this::watchExits);
    }

    List<Machine> list(String app) {
        return table.of(app);
    }

    Machine get(String app, String id) {
        return table.require(app, id);
    }

    synchronized Machine create(String app, JsonNode request) {
        var settings = request.path("config");
        Settings.check(settings);
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
        var now = Instant.now();
        var launched = new Machine.Event(Tokens.ulid(), "launch", "created", "user", now.toEpochMilli(), null);
        var machine = new Machine(
                id,
                name,
                "created",
                Regions.require(request.path("region").asText("iad")),
                Tokens.ulid(),
                table.freeAddress(),
                now,
                now,
                settings,
                List.of(launched),
                "ok",
                app);
        if (machine.volume() != null) {
            volumes.claim(app, machine.volume(), id);
        }
        table.save(machine);
        if (!request.path("skip_launch").asBoolean()) {
            background(id, () -> launch(id));
        }
        return machine;
    }

    Machine update(String app, String id, JsonNode request) {
        var settings = request.path("config");
        Settings.check(settings);
        synchronized (table.lock(id)) {
            var machine = get(app, id);
            var expected = request.path("current_version");
            if (expected.isTextual() && !expected.asText().equals(machine.version())) {
                throw FlyError.of(409, "aborted: machine version mismatch, current version is " + machine.version());
            }
            if (machine.is("destroying", "destroyed")) {
                throw FlyError.notNow("machine is " + machine.state());
            }
            var volume = settings.path("mounts").path(0).path("volume").asText(null);
            if (!java.util.Objects.equals(volume, machine.volume())) {
                throw FlyError.invalid("the volume of a machine can't be changed");
            }
            boolean wasRunning = machine.is("started", "starting", "stopping");
            var next = machine.with(settings, Tokens.ulid(), Instant.now())
                    .to("replacing", event("update", "replacing", "user", null), Instant.now());
            table.save(next);
            boolean isLaunched = !request.path("skip_launch").asBoolean();
            background(id, () -> replace(id, wasRunning, isLaunched));
            return next;
        }
    }

    private void replace(String id, boolean wasRunning, boolean isLaunched) {
        if (wasRunning) {
            stopNow(id, "SIGTERM", stopTimeout(id));
        }
        if (isLaunched) {
            launch(id);
        } else {
            table.move(id, "stopped", null);
        }
    }

    String start(String app, String id) {
        synchronized (table.lock(id)) {
            var machine = get(app, id);
            switch (machine.state()) {
                case "stopped", "failed" -> {
                    table.move(id, "starting", null);
                    background(id, () -> launch(id));
                }
                case "started", "starting" -> {}
                case "replacing" -> throw FlyError.notNow("machine getting replaced, refusing to start");
                case "stopping" -> throw FlyError.notNow("machine still active, refusing to start");
                default ->
                    throw FlyError.notNow("unable to start machine from current state: '" + machine.state() + "'");
            }
            return machine.state();
        }
    }

    void stop(String app, String id, JsonNode request) {
        synchronized (table.lock(id)) {
            var machine = get(app, id);
            if (machine.is("destroying", "destroyed")) {
                throw FlyError.notNow("machine is " + machine.state());
            }
            if (machine.is("started", "starting", "created", "replacing")) {
                table.move(id, "stopping", event("stop", "stopping", "user", null));
                var signal = request.path("signal").asText(Settings.stopSignal(machine.config()));
                var timeout = Settings.duration(request.path("timeout"), stopTimeout(id));
                background(id, () -> halt(id, signal, timeout));
            }
        }
    }

    void signal(String app, String id, String signal) {
        if (!get(app, id).is("started")) {
            throw FlyError.notNow("machine not running");
        }
        driver.signal(id, signal);
    }

    void destroy(String app, String id, boolean isForced) {
        synchronized (table.lock(id)) {
            var machine = get(app, id);
            if (machine.is("destroying", "destroyed")) {
                return;
            }
            if (!isForced && !machine.is("stopped", "created", "failed", "suspended")) {
                throw FlyError.notNow("unable to destroy machine, not currently stopped; use force");
            }
            table.move(id, "destroying", event("destroy", "destroying", "user", null));
            background(id, () -> end(id));
        }
    }

    Driver.ExecResult exec(String app, String id, List<String> command, Duration timeout) {
        if (!get(app, id).is("started")) {
            throw FlyError.notNow("machine not running");
        }
        return driver.exec(id, command, timeout);
    }

    Machine setMetadata(String app, String id, Map<String, String> changes) {
        synchronized (table.lock(id)) {
            var machine = get(app, id);
            var settings = (com.fasterxml.jackson.databind.node.ObjectNode)
                    machine.config().deepCopy();
            var metadata = settings.withObjectProperty("metadata");
            changes.forEach((key, value) -> {
                if (value == null || value.isEmpty()) {
                    metadata.remove(key);
                } else {
                    metadata.put(key, value);
                }
            });
            // A metadata change is no new version.
            var next = machine.with(settings, machine.version(), Instant.now());
            table.save(next);
            return next;
        }
    }

    private void launch(String id) {
        synchronized (table.lock(id)) {
            var machine = table.get(id);
            if (!machine.is("created", "starting", "replacing")) {
                return;
            }
            table.move(id, "starting", null);
            try {
                if (!driver.isRunning(id)) {
                    driver.start(machine, machine.volume());
                }
                table.move(id, "started", event("start", "started", "flyd", null));
            } catch (RuntimeException e) {
                System.err.println(machine + " failed to start: " + e.getMessage());
                table.move(
                        id, "failed", event("exit", "failed", "flyd", Map.of("error", String.valueOf(e.getMessage()))));
            }
        }
    }

    private void halt(String id, String signal, Duration timeout) {
        stopNow(id, signal, timeout);
        synchronized (table.lock(id)) {
            if (table.get(id).is("stopping")) {
                table.move(id, "stopped", exit(id, true));
            }
        }
    }

    private void stopNow(String id, String signal, Duration timeout) {
        driver.signal(id, signal);
        if (Host.await(timeout, () -> !driver.isRunning(id)).isEmpty()) {
            driver.kill(id);
        }
    }

    private void end(String id) {
        driver.kill(id);
        driver.remove(id);
        synchronized (table.lock(id)) {
            var machine = table.get(id);
            volumes.release(machine.volume(), id);
            // What it was given is forgotten; that it was there is kept for a while, as at Fly.
            table.save(machine.with(forgotten(machine), machine.version(), Instant.now())
                    .to("destroyed", event("destroy", "destroyed", "flyd", null), Instant.now()));
        }
    }

    private static JsonNode forgotten(Machine machine) {
        var rest = Json.MAPPER.createObjectNode();
        rest.set("metadata", machine.config().path("metadata"));
        rest.set("guest", machine.config().path("guest"));
        return rest;
    }

    /** Finds machines that ended by themselves, whoever started them. */
    private void watchExits() {
        while (true) {
            for (var machine : table.all()) {
                if (machine.is("started") && !driver.isRunning(machine.id())) {
                    synchronized (table.lock(machine.id())) {
                        if (table.get(machine.id()).is("started")) {
                            driver.kill(machine.id());
                            table.move(machine.id(), "stopped", exit(machine.id(), false));
                        }
                    }
                }
                if (machine.is("destroyed")
                        && machine.updatedAt().plus(KEPT_AFTER_DESTROY).isBefore(Instant.now())) {
                    table.forget(machine.id());
                }
            }
            Host.pause(LOOK);
        }
    }

    private Machine.Event exit(String id, boolean isRequested) {
        int code = driver.exitCode(id).orElse(137);
        var exit = Map.of(
                "exit_code",
                code,
                "guest_exit_code",
                code,
                "requested_stop",
                isRequested,
                "oom_killed",
                false,
                "exited_at",
                Instant.now().toString());
        return event("exit", "stopped", "flyd", Map.of("exit_event", exit));
    }

    private static Machine.Event event(
            String type, String status, String source, @Nullable Map<String, Object> request) {
        return new Machine.Event(Tokens.ulid(), type, status, source, System.currentTimeMillis(), request);
    }

    private Duration stopTimeout(String id) {
        return Settings.duration(table.get(id).config().path("stop_config").path("timeout"), DEFAULT_STOP);
    }

    /** Whatever stands in the way, it is done in the end: all of it may be repeated. */
    private static void background(String id, Runnable work) {
        Thread.ofVirtual().name(id).start(() -> {
            while (true) {
                try {
                    work.run();
                    return;
                } catch (RuntimeException e) {
                    System.err.println("machine " + id + ": " + e);
                    Host.pause(AGAIN);
                }
            }
        });
    }
}
