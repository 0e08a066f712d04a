package ai.in10nt.stack;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** {@code ./dev scale N}: the stack that runs is told in {@code run/replicas} how many of each service it is to have. */
final class Replicas {
    private static final Pattern NUMBER = Pattern.compile("[1-9]");
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private Replicas() {}

    static void want(Home home, int count) {
        Home.write(home.at("run/replicas"), count + "\n");
    }

    static int wanted(Home home) {
        try {
            return Integer.parseInt(Files.readString(home.at("run/replicas")).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void scale(Settings settings, Home home, List<String> words) {
        if (words.size() != 1 || !NUMBER.matcher(words.getFirst()).matches()) {
            throw new Stack.Trouble("usage: ./dev scale N, from 1 to 9");
        }
        if (Pids.find(home, "stack").isEmpty()) {
            throw new Stack.Trouble("The stack doesn't run; ./dev up --replicas N starts it.");
        }
        int count = Integer.parseInt(words.getFirst());
        want(home, count);
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!has(settings, home, count)) {
            if (System.nanoTime() > deadline) {
                throw new Stack.Trouble("not there yet after " + PATIENCE.toSeconds() + " s; see ./dev status");
            }
            try {
                TimeUnit.MILLISECONDS.sleep(300);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        System.out.println(count + " of each service");
    }

    private static boolean has(Settings settings, Home home, int count) {
        var services = Status.services(settings, home).stream()
                .filter(service -> service.name().matches("(api-gateway|.*-service)(-\\d)?"))
                .toList();
        return services.size() == 3 * count && services.stream().allMatch(Status.Service::ready);
    }
}
