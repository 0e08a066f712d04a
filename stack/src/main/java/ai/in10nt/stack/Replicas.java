package ai.in10nt.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/** {@code ./dev scale N}: the stack that runs is told in {@code run/replicas} how many of each service it is to have. */
final class Replicas {
    private static final Pattern NUMBER = Pattern.compile("[1-9]");
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    private Replicas() {}

    static void want(Home home, int count) {
        Home.write(home.at("run/replicas"), count + "\n");
    }

    /** As many as there are, where the file can't be read or is being written. */
    static int wanted(Home home, int has) {
        try {
            var text = Files.readString(home.at("run/replicas")).strip();
            return NUMBER.matcher(text).matches() ? Integer.parseInt(text) : has;
        } catch (IOException e) {
            return has;
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
        Status.await(
                PATIENCE,
                () -> areThere(Status.services(settings, home), count),
                () -> "not there yet after " + PATIENCE.toSeconds() + " s; see ./dev status");
        System.out.println(count + " of each service");
    }

    private static boolean areThere(List<Status.Service> all, int count) {
        var services = all.stream()
                .filter(service -> service.name().matches("(api-gateway|.*-service)(-\\d)?"))
                .toList();
        return services.size() == Status.SERVICES.size() * count
                && services.stream().allMatch(Status.Service::ready);
    }
}
