package ai.in10nt.chaos;

import ai.in10nt.stories.LogReader;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/** Two readers of each instance's log, from its first line to its end, over whichever replica and however many cuts. */
final class Followers {
    private static final int READERS = 2;
    private static final int MOST_AT_ONCE = 40;
    private static final int PAGE = 10_000;

    private final Installation installation;
    private final Ledger ledger;
    private final Map<String, List<LogReader>> readers = new ConcurrentHashMap<>();
    private volatile boolean goesOn = true;

    Followers(Installation installation, Ledger ledger) {
        this.installation = installation;
        this.ledger = ledger;
    }

    void follow(String instance) {
        var all = new ArrayList<LogReader>();
        for (int i = 0; i < READERS; i++) {
            var reader = new LogReader(
                    () -> installation.url(1 + ThreadLocalRandom.current().nextInt(installation.replicas()))
                            + "/instances/" + instance + "/logs?from=start",
                    installation.key());
            all.add(reader);
            Thread.ofVirtual().start(() -> read(reader));
        }
        readers.put(instance, all);
    }

    private void read(LogReader reader) {
        try {
            while (goesOn && !reader.isOver()) {
                reader.readAndCutAmongFaults(ThreadLocalRandom.current().nextInt(1, MOST_AT_ONCE));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    int lines() {
        return readers.values().stream()
                .flatMap(List::stream)
                .mapToInt(reader -> reader.lines().size())
                .sum();
    }

    /** Instances that are destroyed, whose readers wait for more. */
    Set<String> unfinished() {
        return readers.entrySet().stream()
                .filter(entry -> !entry.getValue().stream().allMatch(LogReader::isOver))
                .map(entry -> entry.getKey() + " "
                        + entry.getValue().stream()
                                .map(reader -> reader.lines().size() + " lines, last refused: " + reader.refusal())
                                .toList())
                .collect(Collectors.toSet());
    }

    /** Once all instances are destroyed: what each reader got, over all its connections, is the history. */
    void judge() {
        goesOn = false;
        readers.forEach((instance, all) -> {
            var history = history(instance);
            var ids = history.stream().map(line -> line.path("id").asLong()).toList();
            if (!ids.equals(LongStream.rangeClosed(1, ids.size()).boxed().toList())) {
                ledger.violation("the log of " + instance + " has gaps or repeats: " + ids);
            }
            for (var reader : all) {
                if (!reader.lines().equals(history)) {
                    ledger.violation("a reader of " + instance + " got " + reader.ids() + ", stored is " + ids);
                }
            }
        });
    }

    private List<JsonNode> history(String instance) {
        var lines = new ArrayList<JsonNode>();
        var deadline = Instant.now().plus(Duration.ofSeconds(30));
        while (Instant.now().isBefore(deadline)) {
            long after = lines.isEmpty() ? 0 : lines.getLast().path("id").asLong();
            var page = installation
                    .gateway(1)
                    .send(
                            "GET",
                            "/instances/" + instance + "/logs?limit=" + PAGE + "&after=" + after,
                            null,
                            "Accept",
                            "application/json");
            if (page.status() != 200) {
                continue;
            }
            if (page.json().isEmpty()) {
                return lines;
            }
            page.json().forEach(lines::add);
        }
        ledger.violation("the log of " + instance + " can't be read");
        return lines;
    }
}
