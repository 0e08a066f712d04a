package ai.in10nt.benchmarks;

import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;

/** A run accepted and decided, without an agent: HTTP, command, transaction, event, view, answer. */
final class Runs {
    private static final int WARM_UP = 1500;
    private static final int COUNT = 1500;
    private static final int IN_FLIGHT = 64;
    private static final int INSTANCES = 12;
    private static final byte[] RECORD = "x".repeat(300).getBytes(StandardCharsets.UTF_8);

    private Runs() {}

    private static void run(Target target, String instance) {
        target.api("POST", "/instances/" + instance + "/run", Map.of("prompt", "hello", "async", true))
                .is(202);
    }

    /** One in flight. The parts are measured between the runs, so that all meet the same machine. */
    static List<Row> latency(Target target) throws SQLException {
        var instance = target.instanceWithoutAgent("latency");
        try (var kafka = new RawKafka(target.kafka());
                var commits = new RawCommits(target)) {
            for (int i = 0; i < WARM_UP; i++) {
                run(target, instance);
                kafka.roundTrip(RECORD);
                commits.commit(RECORD);
            }
            var runs = new long[COUNT];
            var trips = new long[COUNT];
            var inserts = new long[COUNT];
            for (int i = 0; i < COUNT; i++) {
                long began = System.nanoTime();
                run(target, instance);
                runs[i] = System.nanoTime() - began;
                trips[i] = kafka.roundTrip(RECORD);
                inserts[i] = commits.commit(RECORD);
            }
            var ours = new Times(runs);
            var trip = new Times(trips);
            var insert = new Times(inserts);
            double parts50 = 2 * trip.p50() + 3 * insert.p50();
            double parts99 = 2 * trip.p99() + 3 * insert.p99();
            return List.of(
                    Row.ratio(
                            "run accepted and decided, p50",
                            Row.ms(ours.p50()),
                            "2 × Kafka round trip " + Row.ms(trip.p50()) + " + 3 × commit " + Row.ms(insert.p50())
                                    + " = " + Row.ms(parts50),
                            ours.p50() / parts50,
                            2.5,
                            1.5),
                    Row.ratio(
                            "its p99",
                            Row.ms(ours.p99()),
                            "2 × " + Row.ms(trip.p99()) + " + 3 × " + Row.ms(insert.p99()) + " = " + Row.ms(parts99),
                            ours.p99() / parts99,
                            3,
                            2));
        } finally {
            target.destroy(instance);
        }
    }

    /** 64 in flight over one gateway, against producer, consumer and one commit a record. */
    static Row throughput(Target target) throws SQLException {
        var instances = new ArrayList<String>();
        for (int i = 0; i < INSTANCES; i++) {
            instances.add(target.instanceWithoutAgent("throughput-" + i));
        }
        try {
            ours(target, instances, WARM_UP);
            double ours = ours(target, instances, 4 * COUNT);
            double bare = bare(target);
            return Row.atLeast(
                    "commands a second, 64 in flight",
                    Math.round(ours) + "/s",
                    "producer → consumer → one commit each: " + Math.round(bare) + "/s",
                    ours / bare,
                    0.25,
                    0.5);
        } finally {
            instances.forEach(target::destroy);
        }
    }

    private static double ours(Target target, List<String> instances, int count) {
        var next = new AtomicInteger();
        var threads = new ArrayList<Thread>();
        long began = System.nanoTime();
        for (int i = 0; i < IN_FLIGHT; i++) {
            threads.add(Thread.ofVirtual().start(() -> {
                int number;
                while ((number = next.getAndIncrement()) < count) {
                    run(target, instances.get(number % instances.size()));
                }
            }));
        }
        try {
            for (var thread : threads) {
                thread.join();
            }
        } catch (InterruptedException e) {
            throw Target.interrupted(e);
        }
        return count / ((System.nanoTime() - began) / 1e9);
    }

    private static double bare(Target target) throws SQLException {
        try (var kafka = new RawKafka(target.kafka());
                var commits = new RawCommits(target)) {
            var inFlight = new Semaphore(IN_FLIGHT);
            kafka.onEach(value -> {
                commits.commit(value);
                inFlight.release();
            });
            bare(kafka, inFlight, WARM_UP);
            return bare(kafka, inFlight, 4 * COUNT);
        }
    }

    private static double bare(RawKafka kafka, Semaphore inFlight, int count) {
        long began = System.nanoTime();
        try {
            for (int i = 0; i < count; i++) {
                inFlight.acquire();
                kafka.send(RECORD);
            }
            inFlight.acquire(IN_FLIGHT);
            inFlight.release(IN_FLIGHT);
        } catch (InterruptedException e) {
            throw Target.interrupted(e);
        }
        return count / ((System.nanoTime() - began) / 1e9);
    }
}
