package ai.in10nt.benchmarks;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Memory as Pss (pages that processes share are counted once), and processor time while nothing is asked. */
final class Footprint {
    private static final Duration WATCHED = Duration.ofSeconds(30);
    private static final int TICKS = 100;

    private Footprint() {}

    static List<Row> stack(Target target, double readySeconds) {
        var pids = target.pids();
        // What a start left to do (compiling, collecting, first looks) is done by then.
        Target.pause(Duration.ofSeconds(30));
        double memory = pids.stream().mapToLong(Footprint::pss).sum() / 1e9;
        long before = pids.stream().mapToLong(Footprint::ticks).sum();
        long began = System.nanoTime();
        Target.pause(WATCHED);
        double cpu = (pids.stream().mapToLong(Footprint::ticks).sum() - before)
                / (double) TICKS
                / ((System.nanoTime() - began) / 1e9)
                * 100;
        return List.of(
                Row.atMost("stack ready from built, classes archived", readySeconds, "s", "", 15, 8),
                Row.atMost("its Pss, no agents", memory, "GB", pids.size() + " processes", 1.3, 1),
                Row.atMost("its idle CPU, of one core", cpu, "%", "over " + WATCHED.toSeconds() + " s", 5, 2));
    }

    /** What a service has on its heap, once what nobody needs any more is collected. */
    static long liveBytes(Target target, String service) throws IOException {
        long pid = target.status()
                .path("services")
                .valueStream()
                .filter(one -> one.path("name").asText().equals(service))
                .findFirst()
                .orElseThrow()
                .path("pid")
                .asLong();
        var counting = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin/jcmd").toString(),
                        String.valueOf(pid),
                        "GC.class_histogram")
                .start();
        var total = new String(counting.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                .lines()
                .filter(line -> line.startsWith("Total"))
                .findFirst()
                .orElseThrow();
        return Long.parseLong(total.strip().replaceFirst(".*\\s", ""));
    }

    /** A healthy instance's machine, without OpenCode. */
    static Row machine(Target target) {
        var instance = target.api("POST", "/instances", Map.of("name", "footprint", "description", "a benchmark"))
                .is(201)
                .text("instanceId");
        Target.pause(Duration.ofSeconds(5));
        var machine = target.fly("GET", "/v1/apps/in10nt/machines?metadata.in10nt_instance=" + instance, null)
                .body()
                .path(0)
                .path("id")
                .asText();
        long bytes = ProcessHandle.allProcesses()
                .filter(process -> isOf(process, machine))
                .flatMap(process -> Stream.concat(Stream.of(process), process.descendants()))
                .mapToLong(ProcessHandle::pid)
                .distinct()
                .filter(pid -> !command(pid).contains("opencode serve"))
                .map(Footprint::pss)
                .sum();
        target.destroy(instance);
        return Row.atMost(
                "an idle machine without OpenCode",
                bytes / 1e6,
                "MB",
                "agent server, init, shim, runc, pasta",
                140,
                100);
    }

    /** Its shim, and its pasta: both have the machine's folder on their command line. */
    private static boolean isOf(ProcessHandle process, String machine) {
        return !machine.isEmpty() && command(process.pid()).contains(machine);
    }

    private static String command(long pid) {
        return read(pid, "cmdline").replace('\0', ' ');
    }

    private static long pss(long pid) {
        return read(pid, "smaps_rollup")
                .lines()
                .filter(line -> line.startsWith("Pss:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) * 1024)
                .sum();
    }

    /** User and system time, in hundredths of a second. */
    private static long ticks(long pid) {
        var stat = read(pid, "stat");
        if (stat.isEmpty()) {
            // It has ended meanwhile, as PostgreSQL's workers do.
            return 0;
        }
        var fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
        return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
    }

    private static String read(long pid, String file) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/" + file));
        } catch (IOException gone) {
            return "";
        }
    }
}
