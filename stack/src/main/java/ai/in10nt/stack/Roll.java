package ai.in10nt.stack;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * {@code ./dev roll}: every service is asked to stop, and the stack starts it again, from what is built by then. Two go at once, but never
 * two of one kind: the next of its replicas waits until it is ready, so that of two one is always there.
 */
final class Roll {
    /** Open streams keep a gateway for its whole time of grace. */
    private static final Duration STOPS_WITHIN = Duration.ofSeconds(30);

    private static final Duration READY_WITHIN = Duration.ofMinutes(2);
    private static final int AT_ONCE = 2;

    private Roll() {}

    static void run(Settings settings, Home home) {
        if (Pids.find(home, "stack").isEmpty()) {
            throw new Stack.Trouble("The stack doesn't run; ./dev up starts it.");
        }
        var services = Status.services(settings, home).stream()
                .map(Status.Service::name)
                .filter(name -> name.matches("(api-gateway|.*-service)(-\\d)?"))
                .collect(Collectors.groupingBy(
                        name -> name.replaceFirst("-\\d$", ""), LinkedHashMap::new, Collectors.toList()));
        var left = new ConcurrentLinkedQueue<>(services.values());
        var lanes = IntStream.range(0, AT_ONCE)
                .mapToObj(_ -> CompletableFuture.runAsync(
                        () -> {
                            for (var replicas = left.poll(); replicas != null; replicas = left.poll()) {
                                try {
                                    replicas.forEach(name -> roll(settings, home, name));
                                } catch (RuntimeException e) {
                                    left.clear();
                                    throw e;
                                }
                            }
                        },
                        Thread.ofVirtual()::start))
                .toArray(CompletableFuture<?>[]::new);
        try {
            // Both to their end: what was asked to stop is to be there again before this one says what went wrong.
            CompletableFuture.allOf(lanes).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof Stack.Trouble trouble ? trouble : e;
        }
    }

    private static void roll(Settings settings, Home home, String name) {
        var process = Pids.find(home, name)
                .orElseThrow(() -> new Stack.Trouble(name + " doesn't run just now; see ./dev status"));
        long began = System.nanoTime();
        process.destroy();
        if (!Pids.await(process, STOPS_WITHIN)) {
            throw new Stack.Trouble(name + " isn't gone " + STOPS_WITHIN.toSeconds() + " s after it was asked to");
        }
        double gone = (System.nanoTime() - began) / 1e9;
        awaitSuccessor(settings, home, name, process.pid());
        System.out.printf(
                Locale.ROOT,
                "%-24s gone after %.1f s, ready after %.1f s%n",
                name,
                gone,
                (System.nanoTime() - began) / 1e9);
    }

    private static void awaitSuccessor(Settings settings, Home home, String name, long predecessor) {
        Status.await(
                READY_WITHIN,
                () -> {
                    var service = Status.one(settings, home, name);
                    return service.pid() != predecessor && service.ready();
                },
                () -> name + " isn't ready again:\n" + Status.lastLines(home, name));
    }
}
