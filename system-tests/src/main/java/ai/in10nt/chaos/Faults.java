package ai.in10nt.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** One fault after the other, as the seed says; when it is over, everything that was held goes on. */
final class Faults implements Runnable {
    private static final Duration PAUSED_FOR = Duration.ofSeconds(20);
    private static final Duration FULL_FOR = Duration.ofSeconds(10);
    private static final Duration MORE_FOR = Duration.ofSeconds(25);
    private static final Duration DEAD_FOR = Duration.ofSeconds(15);
    /** What Fly may do to a request; each is met a few times, and then it is over. */
    private static final List<Map<String, ?>> OF_THE_PROVIDER = List.of(
            Map.of("kind", "rate_limit", "retry_after", 2, "times", 3),
            Map.of("kind", "rate_limit", "times", 2),
            Map.of("kind", "unavailable", "times", 6),
            Map.of("kind", "error", "times", 3),
            Map.of("kind", "lost_answer", "times", 1),
            Map.of("kind", "capacity", "times", 1),
            Map.of("kind", "host_full", "times", 2),
            Map.of("kind", "volume_capacity", "times", 1),
            Map.of("kind", "volume_host_full", "times", 1),
            Map.of("kind", "quota", "times", 1),
            Map.of("kind", "concurrent_update", "times", 1),
            Map.of("kind", "not_now", "times", 2),
            Map.of("kind", "empty_list", "times", 2),
            Map.of("kind", "slow_image", "seconds", 5, "times", 1));
    /** It takes minutes until such an instance has failed: only where there is the time. */
    private static final Map<String, ?> NEVER_READY = Map.of("kind", "never_ready", "times", 1);

    private final Installation installation;
    private final Timeline timeline;
    private final Ledger ledger;
    private final RandomGenerator random;
    private final Instant end;
    private final boolean isLong;
    /** Processes that are paused or can't write, until the fault is over. */
    private final Set<Long> held = ConcurrentHashMap.newKeySet();

    private final List<Thread> ends = new ArrayList<>();

    Faults(Installation installation, Timeline timeline, Ledger ledger, RandomGenerator random, Instant end) {
        this.installation = installation;
        this.timeline = timeline;
        this.ledger = ledger;
        this.random = random;
        this.end = end;
        this.isLong = Duration.between(Instant.now(), end).toSeconds() >= 120;
    }

    @Override
    public void run() {
        try {
            while (true) {
                TimeUnit.MILLISECONDS.sleep(random.nextInt(3000, 9000));
                if (!Instant.now().isBefore(end)) {
                    break;
                }
                one();
            }
            for (var thread : ends) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void one() {
        int dice = random.nextInt(100);
        try {
            if (dice < 20) {
                kill(service());
            } else if (dice < 26) {
                stop(service());
            } else if (dice < 36) {
                kill(service());
                kill(service());
            } else if (dice < 48) {
                kill(oneOf(installation.basis()));
            } else if (dice < 58) {
                pause(service());
            } else if (dice < 66 && installation instanceof LocalInstallation local) {
                if (dice < 62) {
                    fillDisk(service());
                } else {
                    addReplica(local);
                }
            } else if (dice < 66) {
                kill(service());
            } else if (dice < 84) {
                provider();
            } else {
                inMachine();
            }
            ledger.faults.incrementAndGet();
        } catch (UncheckedIOException e) {
            timeline.add("FAULT couldn't be made: %s".formatted(String.valueOf(e.getCause())));
        }
    }

    private String service() {
        return oneOf(installation.services());
    }

    private String oneOf(List<String> names) {
        return names.get(random.nextInt(names.size()));
    }

    private void kill(String name) {
        installation.process(name).ifPresent(process -> {
            timeline.add("FAULT kill -9 %s (%d)".formatted(name, process.pid()));
            process.destroyForcibly();
        });
    }

    /** As a rolling restart does it. */
    private void stop(String name) {
        installation.process(name).ifPresent(process -> {
            timeline.add("FAULT SIGTERM %s (%d)".formatted(name, process.pid()));
            process.destroy();
        });
    }

    /** A process that comes back and believes that nothing has happened. */
    private void pause(String name) {
        installation.process(name).filter(process -> held.add(process.pid())).ifPresent(process -> {
            var what = "%s (%d)".formatted(name, process.pid());
            timeline.add("FAULT SIGSTOP " + what);
            execute("kill", "-STOP", String.valueOf(process.pid()));
            later(PAUSED_FOR, "SIGCONT " + what, () -> {
                execute("kill", "-CONT", String.valueOf(process.pid()));
                held.remove(process.pid());
            });
        });
    }

    /** No byte more into any file, which for a service is its log. */
    private void fillDisk(String name) {
        installation.process(name).filter(process -> held.add(process.pid())).ifPresent(process -> {
            var what = "disk full for the log of %s (%d)".formatted(name, process.pid());
            timeline.add("FAULT " + what);
            execute("prlimit", "--pid", String.valueOf(process.pid()), "--fsize=0:unlimited");
            later(FULL_FOR, what, () -> {
                execute("prlimit", "--pid", String.valueOf(process.pid()), "--fsize=unlimited:unlimited");
                held.remove(process.pid());
            });
        });
    }

    /** One more of each service, and after a while one less. */
    private void addReplica(LocalInstallation local) {
        int count = local.replicas();
        if (count != local.wantedReplicas()) {
            return;
        }
        timeline.add("FAULT replica %d of each service is added".formatted(count + 1));
        local.scale(count + 1);
        later(MORE_FOR, "replica %d of each service is taken away".formatted(count + 1), () -> {
            local.scale(count);
            local.awaitReplicas(count);
        });
    }

    private void later(Duration time, String what, Runnable end) {
        ends.add(Thread.ofVirtual().start(() -> {
            try {
                TimeUnit.MILLISECONDS.sleep(time.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            timeline.add("FAULT is over: " + what);
            try {
                end.run();
            } catch (UncheckedIOException e) {
                ledger.violation("a fault can't be ended: " + what + ": " + e.getCause());
            }
        }));
    }

    private static void execute(String... command) {
        try {
            new ProcessBuilder(command).redirectErrorStream(true).start().waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void provider() {
        int dice = random.nextInt(OF_THE_PROVIDER.size() + 1);
        if (dice == OF_THE_PROVIDER.size() && isLong) {
            timeline.add("FAULT provider: %s".formatted(NEVER_READY));
            ledger.takesMinutes = true;
            installation.fly().post("/_faults", NEVER_READY);
            return;
        }
        var fault = OF_THE_PROVIDER.get(dice % OF_THE_PROVIDER.size());
        timeline.add("FAULT provider: %s".formatted(fault));
        installation.fly().post("/_faults", fault);
    }

    private void inMachine() {
        var machines = new ArrayList<String>();
        installation.fly().get("/v1/apps/in10nt/machines").json().forEach(machine -> {
            if (machine.path("state").asText().equals("started")) {
                machines.add(machine.path("id").asText());
            }
        });
        if (machines.isEmpty()) {
            return;
        }
        var machine = machines.get(random.nextInt(machines.size()));
        var path = "/v1/apps/in10nt/machines/" + machine;
        switch (random.nextInt(4)) {
            case 0 -> {
                timeline.add("FAULT kill -9 OpenCode in %s".formatted(machine));
                installation.fly().post(path + "/exec", Map.of("cmd", "pkill -9 opencode"));
            }
            case 1 -> {
                timeline.add("FAULT kill -9 the agent server in %s".formatted(machine));
                installation.fly().post(path + "/exec", Map.of("cmd", "pkill -9 java"));
            }
            case 2 -> {
                timeline.add("FAULT kill -9 %s".formatted(machine));
                installation.fly().post(path + "/signal", Map.of("signal", "SIGKILL"));
            }
            default -> killHost(machine);
        }
    }

    private void killHost(String machine) {
        timeline.add("FAULT the host of %s is dead".formatted(machine));
        var fault = installation
                .fly()
                .post("/_faults", Map.of("kind", "dead_host", "machine", machine, "times", 0))
                .text("id");
        later(
                DEAD_FOR,
                "the host of %s is back".formatted(machine),
                () -> Wait.until(() -> isTakenBack("/_faults/" + fault)));
    }

    /** At the provider, which may be down just now. */
    private boolean isTakenBack(String path) {
        try {
            int status = installation.fly().delete(path).status();
            return status == 404 || status / 100 == 2;
        } catch (UncheckedIOException isDown) {
            return false;
        }
    }
}
