package ai.in10nt.stack;

import java.time.Duration;
import java.util.Locale;

/**
 * {@code ./dev roll}: one service after the other is asked to stop, and the stack starts it again, from what is built by then. The
 * next one waits until it is ready, so that of two replicas one is always there.
 */
final class Roll {
    /** Open streams keep a gateway for its whole time of grace. */
    private static final Duration STOPS_WITHIN = Duration.ofSeconds(30);

    private static final Duration READY_WITHIN = Duration.ofMinutes(2);

    private Roll() {}

    static void run(Settings settings, Home home) {
        if (Pids.find(home, "stack").isEmpty()) {
            throw new Stack.Trouble("The stack doesn't run; ./dev up starts it.");
        }
        var services = Status.services(settings, home).stream()
                .map(Status.Service::name)
                .filter(name -> name.matches("(api-gateway|.*-service)(-\\d)?"))
                .toList();
        for (var name : services) {
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
