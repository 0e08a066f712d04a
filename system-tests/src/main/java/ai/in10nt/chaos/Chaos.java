package ai.in10nt.chaos;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicBoolean;

/** Load and faults for a while, then the judgement. The main program behind {@code ./dev chaos}. */
public final class Chaos {
    private static final int CALLERS = 4;
    private static final Duration PAUSE = Duration.ofMillis(800);
    private static final int CALLERS_WITHOUT_FAULTS = 1;
    /** So that what happens meanwhile isn't mostly waiting for a processor. */
    private static final Duration PAUSE_WITHOUT_FAULTS = Duration.ofMillis(2500);

    /**
     * What came of it.
     *
     * @param violations of what was promised; empty: nothing was lost, doubled or left
     * @param refused how often a request was answered 503 or 429
     * @param figures one line
     * @param timeline faults, requests and messages in their order
     */
    public record Report(List<String> violations, int refused, String figures, List<String> timeline) {
        public Report {
            violations = List.copyOf(violations);
            timeline = List.copyOf(timeline);
        }

        @Override
        public String toString() {
            return figures + "\n" + String.join("\n", timeline);
        }
    }

    private final Installation installation;
    private final long seed;
    private final SplittableRandom random;
    private final Timeline timeline = new Timeline();
    private final Ledger ledger = new Ledger();
    private final Followers followers;

    private Chaos(Installation installation, long seed) {
        this.installation = installation;
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.followers = new Followers(installation, ledger);
    }

    /** Of the same seed the same faults and requests come, as far as processes answer in the same time. */
    public static Report run(Installation installation, long seed, Duration time) throws InterruptedException {
        var chaos = new Chaos(installation, seed);
        var end = Instant.now().plus(time);
        return chaos.during(
                CALLERS,
                PAUSE,
                () -> new Faults(installation, chaos.timeline, chaos.ledger, chaos.random.split(), end).run());
    }

    /** A smaller load of the same kind, with something else than faults meanwhile. */
    public static Report load(Installation installation, long seed, Runnable meanwhile) throws InterruptedException {
        return new Chaos(installation, seed).during(CALLERS_WITHOUT_FAULTS, PAUSE_WITHOUT_FAULTS, meanwhile);
    }

    private Report during(int callers, Duration pause, Runnable meanwhile) throws InterruptedException {
        var goesOn = new AtomicBoolean(true);
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < callers; i++) {
            var name = "c" + Long.toString(seed, 36) + "x"
                    + Long.toString(timeline.began().toEpochMilli(), 36) + i;
            threads.add(Thread.ofVirtual()
                    .start(new Caller(
                            installation, timeline, ledger, followers, name, random.split(), pause, goesOn::get)));
        }
        try {
            meanwhile.run();
        } finally {
            goesOn.set(false);
        }
        for (var thread : threads) {
            thread.join();
        }
        timeline.add("the last fault is over");
        var judge = new Judge(installation, timeline, ledger, followers);
        var recovered = judge.awaitCalm();
        judge.judge();
        return new Report(ledger.violations, ledger.refused.get(), figures(recovered), timeline.lines());
    }

    private String figures(Duration recovered) {
        return String.format(
                Locale.ROOT,
                "seed %d: %d faults, %d requests, %d of them refused for now, %d repeated, %d commands, %d instances, %d runs,"
                        + " %d lines read, settled %.1f s after the last fault, %d violations",
                seed,
                ledger.faults.get(),
                ledger.requests.get(),
                ledger.refused.get(),
                ledger.repeats.get(),
                ledger.commands.get(),
                ledger.instances.size(),
                ledger.runs.size(),
                followers.lines(),
                recovered.toMillis() / 1000.0,
                ledger.violations.size());
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var installation = arguments[0].equals("compose")
                ? new ContainerInstallation(arguments[1])
                : new LocalInstallation(Path.of(arguments[0]), Integer.parseInt(arguments[1]));
        var time = Duration.ofSeconds(Long.parseLong(arguments[2]));
        long seed = Long.parseLong(arguments[3]);
        var file = Path.of(arguments[4]);
        var report = run(installation, seed, time);
        Files.write(file, report.timeline());
        System.out.println(report.figures());
        report.violations().forEach(violation -> System.out.println("VIOLATION " + violation));
        System.out.println("timeline: " + file);
        if (!report.violations().isEmpty()) {
            System.exit(1);
        }
    }
}
