package ai.in10nt.chaos;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** What was acknowledged to the clients, which is what must be true ever after. */
final class Ledger {
    /**
     * An accepted run.
     *
     * @param word in its prompt and in no other
     */
    record Run(String task, String instance, String word) {}

    final Set<String> instances = ConcurrentHashMap.newKeySet();
    final Set<String> destroyed = ConcurrentHashMap.newKeySet();
    final Map<String, Run> runs = new ConcurrentHashMap<>();
    final List<String> violations = new CopyOnWriteArrayList<>();
    /** A fault was made that keeps an instance busy for minutes. */
    volatile boolean takesMinutes;

    final AtomicInteger commands = new AtomicInteger();
    final AtomicInteger refused = new AtomicInteger();
    final AtomicInteger requests = new AtomicInteger();
    final AtomicInteger repeats = new AtomicInteger();
    final AtomicInteger faults = new AtomicInteger();

    void violation(String text) {
        violations.add(text);
    }
}
