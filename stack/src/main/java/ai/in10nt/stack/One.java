package ai.in10nt.stack;

import java.time.Duration;
import java.util.List;
import java.util.stream.Collectors;

/** {@code ./dev stop NAME} and {@code start NAME}: one process of a stack that runs, to see how the others go on without it. */
final class One {
    private static final Duration STOPS_WITHIN = Duration.ofSeconds(20);
    private static final Duration READY_WITHIN = Duration.ofMinutes(2);

    private One() {}

    static void run(Settings settings, Home home, List<String> words) {
        if (Pids.find(home, "stack").isEmpty()) {
            throw new Stack.Trouble("The stack doesn't run; ./dev up starts it.");
        }
        var names = Status.services(settings, home).stream()
                .map(Status.Service::name)
                .collect(Collectors.toCollection(java.util.TreeSet::new));
        if (words.size() != 2 || !names.contains(words.get(1))) {
            throw new Stack.Trouble("usage: ./dev " + words.getFirst() + " NAME, one of " + String.join(", ", names));
        }
        var name = words.get(1);
        if (words.getFirst().equals("stop")) {
            stop(home, name);
        } else {
            start(settings, home, name);
        }
    }

    private static void stop(Home home, String name) {
        Supervised.hold(home, name, true);
        Pids.find(home, name).ifPresent(process -> {
            process.destroy();
            if (!Pids.await(process, STOPS_WITHIN)) {
                process.destroyForcibly();
            }
        });
        System.out.println(name + " is stopped until ./dev start " + name);
    }

    private static void start(Settings settings, Home home, String name) {
        Supervised.hold(home, name, false);
        Status.await(
                READY_WITHIN,
                () -> Status.isReady(settings, home, name),
                () -> name + " isn't ready:\n" + Status.lastLines(home, name));
        System.out.println(name + " is ready");
    }
}
