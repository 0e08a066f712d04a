package ai.in10nt.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;

/** One fault after the other, as the seed says; when it is over, everything that was held goes on. */
final class Faults implements Runnable {
    private static final Duration PAUSED_FOR = Duration.ofSeconds(20);
    private static final List<String> BASIS = List.of("kafka", "postgresql", "machines-local");
    /** What Fly may do to a request; each is met a few times, and then it is over. */
    private static final List<Map<String, ?>> OF_THE_PROVIDER = List.of(
            Map.of("kind", "rate_limit", "retry_after", 2, "times", 3),
            Map.of("kind", "unavailable", "times", 6),
            Map.of("kind", "lost_answer", "times", 1),
            Map.of("kind", "capacity", "times", 1),
            Map.of("kind", "host_full", "times", 2),
            Map.of("kind", "volume_capacity", "times", 1),
            Map.of("kind", "concurrent_update", "times", 1),
            Map.of("kind", "not_now", "times", 2),
            Map.of("kind", "empty_list", "times", 2),
            Map.of("kind", "slow_image", "seconds", 5, "times", 1));

    private final Installation installation;
    private final Timeline timeline;
    private final Ledger ledger;
    private final RandomGenerator random;
    private final Instant end;
    private final Map<Long, Thread> paused = new ConcurrentHashMap<>();

    Faults(Installation installation, Timeline timeline, Ledger ledger, RandomGenerator random, Instant end) {
        this.installation = installation;
        this.timeline = timeline;
        this.ledger = ledger;
        this.random = random;
        this.end = end;
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
            for (var thread : List.copyOf(paused.values())) {
                thread.join();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void one() {
        int dice = random.nextInt(100);
        try {
            if (dice < 22) {
                kill(service());
            } else if (dice < 30) {
                stop(service());
            } else if (dice < 40) {
                kill(service());
                kill(service());
            } else if (dice < 52) {
                kill(BASIS.get(random.nextInt(BASIS.size())));
            } else if (dice < 64) {
                pause(service());
            } else if (dice < 82) {
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
        var services = new ArrayList<>(installation.processes());
        services.removeIf(name -> BASIS.contains(name) || name.equals("demo-model"));
        return services.get(random.nextInt(services.size()));
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
        installation
                .process(name)
                .filter(process -> !paused.containsKey(process.pid()))
                .ifPresent(process -> {
                    timeline.add("FAULT SIGSTOP %s (%d)".formatted(name, process.pid()));
                    signal("STOP", process.pid());
                    paused.put(process.pid(), Thread.ofVirtual().start(() -> goOn(name, process.pid())));
                });
    }

    private void goOn(String name, long pid) {
        try {
            TimeUnit.MILLISECONDS.sleep(PAUSED_FOR.toMillis());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        signal("CONT", pid);
        timeline.add("FAULT is over: SIGCONT %s (%d)".formatted(name, pid));
        paused.remove(pid);
    }

    private static void signal(String name, long pid) {
        try {
            new ProcessBuilder("kill", "-" + name, String.valueOf(pid))
                    .redirectErrorStream(true)
                    .start()
                    .waitFor();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void provider() {
        var fault = OF_THE_PROVIDER.get(random.nextInt(OF_THE_PROVIDER.size()));
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
        switch (random.nextInt(3)) {
            case 0 -> {
                timeline.add("FAULT kill -9 OpenCode in %s".formatted(machine));
                installation.fly().post(path + "/exec", Map.of("cmd", "pkill -9 opencode"));
            }
            case 1 -> {
                timeline.add("FAULT kill -9 the agent server in %s".formatted(machine));
                installation.fly().post(path + "/exec", Map.of("cmd", "pkill -9 java"));
            }
            default -> {
                timeline.add("FAULT kill -9 %s".formatted(machine));
                installation.fly().post(path + "/signal", Map.of("signal", "SIGKILL"));
            }
        }
    }
}
