package ai.in10nt.stack;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The processes of a stack as files, {@code run/NAME.pid}, so that a later command finds them; with start times, so that no other process is taken for one. */
final class Pids {
    private Pids() {}

    static void remember(Home home, String name, long pid) {
        Home.write(file(home, name), pid + " " + startTime(pid).orElse(0L) + "\n");
    }

    static void forget(Home home, String name) {
        try {
            Files.deleteIfExists(file(home, name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path file(Home home, String name) {
        return home.at("run/" + name + ".pid");
    }

    /** The process of that name, if it lives. */
    static Optional<ProcessHandle> find(Home home, String name) {
        return find(file(home, name));
    }

    static Optional<ProcessHandle> find(Path file) {
        var text = read(file);
        if (text.isEmpty()) {
            return Optional.empty();
        }
        int space = text.indexOf(' ');
        long pid = Long.parseLong(space < 0 ? text : text.substring(0, space));
        var started = startTime(pid);
        boolean isSame =
                started.isPresent() && (space < 0 || started.get() == Long.parseLong(text.substring(space + 1)));
        return isSame ? ProcessHandle.of(pid) : Optional.empty();
    }

    /** Ends whatever an earlier stack left, machines too. */
    static void endLeftovers(Home home) {
        try (var files = Files.list(home.at("run"))) {
            files.filter(file -> file.toString().endsWith(".pid") && !file.endsWith("stack.pid"))
                    .forEach(file -> find(file).ifPresent(Pids::end));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        endMachines(home);
    }

    /** Each machine's first process; its shim then takes network and mounts away. */
    static void endMachines(Home home) {
        var machines = home.at("machines/machines");
        if (!Files.isDirectory(machines)) {
            return;
        }
        try (var folders = Files.list(machines)) {
            for (var folder : folders.toList()) {
                // As plain processes there is no init, only a session.
                var shim = find(folder.resolve("shim.pid"));
                if (shim.isPresent()) {
                    find(folder.resolve("init.pid")).ifPresent(ProcessHandle::destroyForcibly);
                    if (!Files.exists(folder.resolve("init.pid")) || !await(shim.get(), Duration.ofSeconds(5))) {
                        shim.get().descendants().forEach(ProcessHandle::destroyForcibly);
                        end(shim.get());
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void end(ProcessHandle process) {
        process.destroy();
        if (!await(process, Duration.ofSeconds(5))) {
            process.destroyForcibly();
            await(process, Duration.ofSeconds(5));
        }
    }

    static boolean await(ProcessHandle process, Duration atMost) {
        long deadline = System.nanoTime() + atMost.toNanos();
        while (isAlive(process)) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            try {
                TimeUnit.MILLISECONDS.sleep(20);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return false;
            }
        }
        return true;
    }

    private static boolean isAlive(ProcessHandle process) {
        return process.isAlive() && startTime(process.pid()).isPresent();
    }

    /** Field 22 of {@code /proc/PID/stat}; empty where there is no such process, or only its zombie. */
    private static Optional<Long> startTime(long pid) {
        var stat = read(Path.of("/proc/" + pid + "/stat"));
        int end = stat.lastIndexOf(')');
        if (end < 0) {
            return Optional.empty();
        }
        var fields = stat.substring(end + 2).split(" ", -1);
        return fields[0].equals("Z") || fields[0].equals("X")
                ? Optional.empty()
                : Optional.of(Long.valueOf(fields[19]));
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file).strip() : "";
        } catch (IOException e) {
            return "";
        }
    }
}
