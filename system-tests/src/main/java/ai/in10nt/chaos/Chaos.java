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

/** Load and faults for a while, then the judgement. The main program behind {@code ./dev chaos}. */
public final class Chaos {
    private static final int CALLERS = 4;

    /**
     * What came of it.
     *
     * @param violations of what was promised; empty: nothing was lost, doubled or left
     * @param figures one line
     * @param timeline faults, requests and messages in their order
     */
    public record Report(List<String> violations, String figures, List<String> timeline) {
        public Report {
            violations = List.copyOf(violations);
            timeline = List.copyOf(timeline);
        }
    }

    private Chaos() {}

    /** Of the same seed the same faults and requests come, as far as processes answer in the same time. */
    public static Report run(Installation installation, long seed, Duration time) throws InterruptedException {
        var timeline = new Timeline();
        var ledger = new Ledger();
        var random = new SplittableRandom(seed);
        var end = Instant.now().plus(time);
        var threads = new ArrayList<Thread>();
        for (int i = 0; i < CALLERS; i++) {
            var name = "c" + Long.toString(seed, 36) + "x"
                    + Long.toString(timeline.began().toEpochMilli(), 36) + i;
            threads.add(
                    Thread.ofVirtual().start(new Caller(installation, timeline, ledger, name, random.split(), end)));
        }
        threads.add(Thread.ofVirtual().start(new Faults(installation, timeline, ledger, random.split(), end)));
        for (var thread : threads) {
            thread.join();
        }
        timeline.add("the last fault is over");
        var judge = new Judge(installation, timeline, ledger);
        var recovered = judge.awaitCalm();
        judge.judge();
        var figures = String.format(
                Locale.ROOT,
                "seed %d, %d s: %d faults, %d requests, %d commands, %d repeated, %d instances, %d runs, settled %.1f s after the last"
                        + " fault, %d violations",
                seed,
                time.toSeconds(),
                ledger.faults.get(),
                ledger.requests.get(),
                ledger.commands.get(),
                ledger.repeats.get(),
                ledger.instances.size(),
                ledger.runs.size(),
                recovered.toMillis() / 1000.0,
                ledger.violations.size());
        return new Report(ledger.violations, figures, timeline.lines());
    }

    public static void main(String[] arguments) throws IOException, InterruptedException {
        var installation = new Installation(Path.of(arguments[0]), Integer.parseInt(arguments[1]));
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
