package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What goes on with machines behind the API, one thing after another for each: booting, stopping, ending, and what happens when a
 * program ends by itself. All of it may be cut off anywhere and is taken up by the next process.
 */
final class Lifecycle {
    private static final Duration LOOK = Duration.ofMillis(100);
    private static final Duration AGAIN = Duration.ofSeconds(2);
    private static final Duration DEFAULT_STOP = Duration.ofSeconds(5);
    private static final Duration KEPT_AFTER_DESTROY = Duration.ofHours(1);
    /** Fly prepares an image for seconds to minutes; here it is a moment, but one that callers see. */
    private static final Duration PREPARING = Duration.ofMillis(250);
    /** A volume stays bound for a while after its machine is gone. */
    private static final Duration VOLUME_LAGS = Duration.ofMillis(250);

    private static final Duration RESTARTS_COUNT_FOR = Duration.ofMinutes(5);
    private static final int DEFAULT_RETRIES = 10;

    private final MachineTable table;
    private final Driver driver;
    private final Volumes volumes;
    private final Faults faults;
    private volatile boolean isEnding;
    private final Set<String> neverReady = ConcurrentHashMap.newKeySet();

    Lifecycle(MachineTable table, Driver driver, Volumes volumes, Faults faults) {
        this.table = table;
        this.driver = driver;
        this.volumes = volumes;
        this.faults = faults;
    }

    /** Takes up what an earlier process left: machines that still run are found again, half-done work is done. */
    void adopt() {
        table.all().forEach(machine -> {
            switch (machine.state()) {
                case "created", "starting", "replacing", "restarting" ->
                    background(machine.id(), () -> launch(machine.id()));
                case "stopping" -> stop(machine.id(), "SIGTERM", DEFAULT_STOP);
                case "suspending" -> suspend(machine.id());
                case "destroying" -> destroy(machine.id());
                case "started" -> driver.guard(machine);
                default -> {}
            }
        });
        volumes.releaseWhere(machine -> table.get(machine).is("destroyed", ""));
        Thread.ofVirtual().name("exits").start(this::watchExits);
    }

    void create(String id, Duration imageTakes, boolean isLaunched, boolean isNeverReady) {
        if (isNeverReady) {
            neverReady.add(id);
        }
        background(id, () -> {
            Host.pause(isLaunched ? imageTakes : imageTakes.plus(PREPARING));
            if (isLaunched) {
                launch(id);
            } else {
                moveFrom(id, "created", "stopped", null);
            }
        });
    }

    void start(String id) {
        background(id, () -> launch(id));
    }

    void stop(String id, String signal, Duration timeout) {
        background(id, () -> {
            stopNow(id, signal, timeout);
            moveFrom(id, "stopping", "stopped", true);
        });
    }

    void restart(String id, String signal, Duration timeout) {
        background(id, () -> {
            stopNow(id, signal, timeout);
            launch(id);
        });
    }

    void replace(String id, boolean wasRunning, boolean isLaunched) {
        background(id, () -> {
            if (wasRunning) {
                stopNow(id, "SIGTERM", stopTimeout(table.get(id)));
            }
            if (isLaunched) {
                launch(id);
            } else {
                moveFrom(id, "replacing", "stopped", null);
            }
        });
    }

    void suspend(String id) {
        background(id, () -> {
            driver.suspend(id);
            synchronized (table.lock(id)) {
                if (table.get(id).is("suspending")) {
                    table.move(id, "suspended", event("suspend", "suspended", "flyd", null));
                }
            }
        });
    }

    void destroy(String id) {
        background(id, () -> {
            while (faults.isHostDead(id)) {
                Host.pause(LOOK);
            }
            driver.kill(id);
            driver.remove(id);
            neverReady.remove(id);
            var volume = table.get(id).volume();
            synchronized (table.lock(id)) {
                table.save(table.get(id).forgotten(event("destroy", "destroyed", "flyd", null), Instant.now()));
            }
            Host.pause(VOLUME_LAGS);
            volumes.release(volume, id);
        });
    }

    /** As a host's shutdown: their state stays what it was, and the next process finds them ended. */
    void endAll() {
        isEnding = true;
        var ends = table.all().stream()
                .filter(machine -> driver.isRunning(machine.id()))
                .map(machine -> Thread.ofVirtual().start(() -> stopNow(machine.id(), "SIGTERM", stopTimeout(machine))))
                .toList();
        for (var end : ends) {
            try {
                end.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private void moveFrom(String id, String from, String to, @Nullable Boolean isRequestedExit) {
        synchronized (table.lock(id)) {
            if (table.get(id).is(from)) {
                table.move(id, to, isRequestedExit == null ? null : exit(id, isRequestedExit, false));
            }
        }
    }

    private void launch(String id) {
        synchronized (table.lock(id)) {
            var machine = table.get(id);
            if (!machine.is("created", "starting", "replacing", "restarting")) {
                return;
            }
            table.move(id, "starting", null);
            try {
                if (!driver.isRunning(id)) {
                    driver.start(neverReady.contains(id) ? idle(machine) : machine, machine.volume());
                } else {
                    driver.resume(id);
                }
                table.move(id, "started", event("start", "started", "flyd", null));
            } catch (RuntimeException e) {
                System.err.println(machine + " failed to start: " + e.getMessage());
                table.move(
                        id, "failed", event("exit", "failed", "flyd", Map.of("error", String.valueOf(e.getMessage()))));
            }
        }
    }

    private static Machine idle(Machine machine) {
        ObjectNode config = machine.config().deepCopy();
        config.set("init", Json.MAPPER.valueToTree(Map.of("exec", new String[] {"/bin/sleep", "infinity"})));
        return machine.with(config, machine.updatedAt());
    }

    private void stopNow(String id, String signal, Duration timeout) {
        // What is suspended takes no signal: its memory is given up, as at Fly.
        if (driver.isSuspended(id)) {
            driver.kill(id);
            return;
        }
        driver.signal(id, signal);
        if (Host.await(timeout, () -> !driver.isRunning(id)).isEmpty()) {
            driver.kill(id);
        }
    }

    /** Finds machines that ended by themselves, whoever started them. */
    private void watchExits() {
        while (!isEnding) {
            for (var machine : table.all()) {
                try {
                    look(machine);
                } catch (RuntimeException e) {
                    // What it asks may be away for a while; and one machine's trouble isn't the others'.
                    System.err.println(machine + " isn't looked at: " + e);
                }
            }
            Host.pause(LOOK);
        }
    }

    private void look(Machine machine) {
        if (machine.is("started") && !faults.isHostDead(machine.id()) && !driver.isRunning(machine.id())) {
            synchronized (table.lock(machine.id())) {
                if (table.get(machine.id()).is("started")) {
                    ended(table.get(machine.id()));
                }
            }
        }
        if (machine.is("destroyed")
                && machine.updatedAt().plus(KEPT_AFTER_DESTROY).isBefore(Instant.now())) {
            table.forget(machine.id());
        }
    }

    private void ended(Machine machine) {
        if (isEnding) {
            return;
        }
        var id = machine.id();
        driver.kill(id);
        int code = driver.exitCode(id).orElse(137);
        if (machine.config().path("auto_destroy").asBoolean()) {
            table.move(id, "destroying", exit(id, false, false));
            destroy(id);
        } else if (isRestarted(machine, code)) {
            table.move(id, "restarting", exit(id, false, true));
            start(id);
        } else {
            table.move(id, "stopped", exit(id, false, false));
        }
    }

    /** As Fly: on failure, ten times in five minutes, unless the configuration says otherwise. */
    private static boolean isRestarted(Machine machine, int code) {
        var restart = machine.config().path("restart");
        var policy = restart.path("policy").asText("on-failure");
        long since = Instant.now().minus(RESTARTS_COUNT_FOR).toEpochMilli();
        long restarts = machine.events().stream()
                .filter(event -> event.timestamp() > since && event.status().equals("restarting"))
                .count();
        return !policy.equals("no")
                && (policy.equals("always") || code != 0)
                && restarts < restart.path("max_retries").asInt(DEFAULT_RETRIES);
    }

    private Machine.Event exit(String id, boolean isRequested, boolean isRestarting) {
        int code = driver.exitCode(id).orElse(137);
        var exit = new LinkedHashMap<String, Object>();
        exit.put("exit_code", code);
        exit.put("guest_exit_code", code);
        exit.put("guest_signal", code > 128 ? code - 128 : -1);
        exit.put("requested_stop", isRequested);
        exit.put("restarting", isRestarting);
        exit.put("oom_killed", driver.wasOutOfMemory(id));
        exit.put("exited_at", Instant.now().toString());
        return event("exit", isRestarting ? "restarting" : "stopped", "flyd", Map.of("exit_event", exit));
    }

    static Machine.Event event(String type, String status, String source, @Nullable Map<String, Object> request) {
        return new Machine.Event(Tokens.ulid(), type, status, source, System.currentTimeMillis(), request);
    }

    static Duration stopTimeout(Machine machine) {
        return Settings.duration(machine.config().path("stop_config").path("timeout"), DEFAULT_STOP);
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
