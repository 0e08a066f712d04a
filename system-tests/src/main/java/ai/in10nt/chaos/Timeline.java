package ai.in10nt.chaos;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What happened, in order: faults and requests as they were made, events as the topics have them. */
final class Timeline {
    private record Entry(Instant at, String text) {}

    private final Instant began = Instant.now();
    private final List<Entry> entries = new ArrayList<>();

    Instant began() {
        return began;
    }

    void add(String text) {
        add(Instant.now(), text);
    }

    synchronized void add(Instant at, String text) {
        entries.add(new Entry(at, text));
    }

    synchronized List<String> lines() {
        return entries.stream()
                .sorted(java.util.Comparator.comparing(Entry::at))
                .map(entry -> String.format(
                        Locale.ROOT,
                        "%8.2f  %s",
                        Duration.between(began, entry.at()).toMillis() / 1000.0,
                        entry.text()))
                .toList();
    }
}
