package ai.in10nt.machines;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;

/**
 * Keeps machines within their memory where no cgroup does: twice a second it adds up what each machine's processes hold and ends
 * the largest of one that holds too much, as the kernel would. What grows faster than it looks may pass the limit for a moment.
 */
final class MemoryGuard {
    private record Running(long pid, long parent, long bytes) {}

    private static final Duration EVERY = Duration.ofMillis(500);
    private static final int PAGE = 4096;
    /** In {@code /proc/PID/stat}, counted after the name. */
    private static final int PARENT = 1;

    private static final int RESIDENT = 21;

    private final Map<Long, Long> limits = new ConcurrentHashMap<>();
    private final BiConsumer<Long, Long> kill;

    /**
     * Begins to look.
     *
     * @param kill is told a machine's init and the process of it that must end
     */
    MemoryGuard(BiConsumer<Long, Long> kill) {
        this.kill = kill;
        Thread.ofVirtual().name("memory-guard").start(this::look);
    }

    void limit(long init, long bytes) {
        limits.put(init, bytes);
    }

    private void look() {
        while (true) {
            if (!limits.isEmpty()) {
                enforce(processes());
            }
            Host.pause(EVERY);
        }
    }

    private void enforce(List<Running> all) {
        var children = new HashMap<Long, List<Running>>();
        var present = new HashSet<Long>();
        for (var process : all) {
            children.computeIfAbsent(process.parent(), _ -> new ArrayList<>()).add(process);
            present.add(process.pid());
        }
        limits.keySet().removeIf(init -> !present.contains(init));
        limits.forEach((init, limit) -> {
            var machine = new ArrayList<Running>();
            collect(init, children, machine, new HashSet<>());
            long held = machine.stream().mapToLong(Running::bytes).sum();
            if (held > limit) {
                machine.stream()
                        .max(Comparator.comparingLong(Running::bytes))
                        .ifPresent(largest -> kill.accept(init, largest.pid()));
            }
        });
    }

    private static void collect(long parent, Map<Long, List<Running>> children, List<Running> into, Set<Long> seen) {
        for (var child : children.getOrDefault(parent, List.of())) {
            if (seen.add(child.pid())) {
                into.add(child);
                collect(child.pid(), children, into, seen);
            }
        }
    }

    private static List<Running> processes() {
        var found = new ArrayList<Running>();
        try (DirectoryStream<Path> all = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (var folder : all) {
                var stat = Host.read(folder.resolve("stat"));
                int end = stat.lastIndexOf(')');
                if (end > 0) {
                    var fields = stat.substring(end + 2).split(" ", -1);
                    found.add(new Running(
                            Long.parseLong(folder.getFileName().toString()),
                            Long.parseLong(fields[PARENT]),
                            Long.parseLong(fields[RESIDENT]) * PAGE));
                }
            }
        } catch (IOException e) {
            throw new java.io.UncheckedIOException("the processes of this host", e);
        }
        return found;
    }
}
