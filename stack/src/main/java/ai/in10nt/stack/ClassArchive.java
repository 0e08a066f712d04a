package ai.in10nt.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.ZipFile;

/**
 * The libraries of some programs, and an archive of their classes, loaded and linked ahead of time (class data sharing): who begins its
 * class path with them starts in half the time, and what isn't written to is in memory once for all of them. The project's own
 * classes aren't in it, so it outlives its builds.
 *
 * @param folder of the libraries, for nothing else
 * @param name of several of the same libraries: what is in one is loaded by all that use it
 */
record ClassArchive(Path folder, String name) {
    /** Objects are laid out by these, in the archive and in whoever maps it. */
    static final List<String> LAYOUT = List.of("-XX:+UseSerialGC", "-XX:+UseCompactObjectHeaders");

    /** What libraries reach into; the last three are those that Quarkus' jars declare. */
    static final List<String> OPENED = List.of(
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            "--add-opens=java.base/java.lang=ALL-UNNAMED",
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED");

    private static final String CHANGED = "changed-by-quarkus.jar";
    private static final String ORDER = "order";

    /** For a program that is to write down which classes it loads. */
    static String recording(Path list) {
        return "-XX:DumpLoadedClassList=" + list;
    }

    /** Gathers the libraries; those of before go. */
    void collect(List<Jars> programs) throws IOException {
        Files.createDirectories(folder);
        for (var old : Jars.in(folder)) {
            Files.delete(old);
        }
        var changed = new TreeMap<String, byte[]>();
        for (var program : programs) {
            for (var entry : program.changed().entrySet()) {
                var other = changed.put(entry.getKey(), entry.getValue());
                if (other != null && !Arrays.equals(other, entry.getValue())) {
                    throw new IOException(entry.getKey() + " is changed by Quarkus in two ways: it can't be shared");
                }
            }
            for (var jar : program.others()) {
                var copy = copy(jar);
                if (!Files.exists(copy)) {
                    Jars.copy(jar, copy);
                }
            }
        }
        if (!changed.isEmpty()) {
            Jars.write(folder.resolve(CHANGED), changed);
        }
        writeOrder();
    }

    private Path copy(Path jar) {
        return folder.resolve(jar.getFileName().toString());
    }

    /** Whether it is there and has the libraries that a program has by now, as it has them. */
    boolean fits(Jars program) throws IOException {
        if (!Files.exists(file()) || !program.others().stream().map(this::copy).allMatch(Files::exists)) {
            return false;
        }
        if (program.changed().isEmpty()) {
            return true;
        }
        var changed = Jars.entries(folder.resolve(CHANGED), _ -> true);
        return program.changed().entrySet().stream()
                .allMatch(entry -> Arrays.equals(entry.getValue(), changed.get(entry.getKey())));
    }

    /** What class paths begin with. */
    String classPath() throws IOException {
        return path(Files.readAllLines(folder.resolve(ORDER)).stream()
                .map(folder::resolve)
                .toList());
    }

    /** Those with most in them first: for each class the JVM looks at one after the other when it makes the archive. */
    private void writeOrder() throws IOException {
        var sizes = new HashMap<Path, Integer>();
        for (var jar : Jars.in(folder)) {
            try (var zip = new ZipFile(jar.toFile())) {
                sizes.put(jar, jar.endsWith(CHANGED) ? Integer.MAX_VALUE : zip.size());
            }
        }
        var order = Comparator.comparingInt((Path jar) -> -sizes.getOrDefault(jar, 0))
                .thenComparing(jar -> jar);
        Files.write(
                folder.resolve(ORDER),
                sizes.keySet().stream()
                        .sorted(order)
                        .map(jar -> jar.getFileName().toString())
                        .toList());
    }

    static String path(List<Path> jars) {
        return jars.stream().map(Path::toString).collect(Collectors.joining(":"));
    }

    /**
     * For a program that it fits. It is mapped where it was made for, so that processes share its pages. Warnings about a stale archive
     * are for who builds, not for a program's log. Objects of the archive are read into the heap before it can grow, and without them
     * Java doesn't start.
     */
    List<String> use(Jars program) throws IOException {
        return List.of(
                "-XX:SharedArchiveFile=" + file(),
                "-Xms48m",
                "-XX:+UnlockDiagnosticVMOptions",
                "-XX:ArchiveRelocationMode=0",
                "-Xlog:cds=off",
                "-Xlog:aot=off",
                "-cp",
                classPath() + ":" + path(program.own()));
    }

    /** From what programs have written down. */
    void make(List<Path> lists) throws IOException, InterruptedException {
        var classes = new LinkedHashSet<String>();
        for (var list : lists) {
            for (var line : Files.readAllLines(list)) {
                // Numbers tell apart the loaders of one program; classes of loaders of its own aren't archived.
                if (!line.startsWith("#") && !line.contains(" source:")) {
                    classes.add(line.replaceFirst(" id:.*", ""));
                }
            }
        }
        var all = Files.write(folder.resolve(name + ".list"), classes);
        var log = folder.resolve(name + ".log");
        var command = new ArrayList<>(List.of(java()));
        command.addAll(LAYOUT);
        command.addAll(OPENED);
        command.addAll(List.of(
                "-XX:TieredStopAtLevel=1",
                "-Xshare:dump",
                "-XX:+AOTClassLinking",
                "-XX:SharedClassListFile=" + all,
                "-XX:SharedArchiveFile=" + file(),
                "-cp",
                classPath()));
        int code = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start()
                .waitFor();
        if (code != 0 || !Files.exists(file())) {
            var lines = Files.readAllLines(log);
            throw new IOException("no archive of classes; " + log + " ends:\n"
                    + String.join("\n", lines.subList(Math.max(0, lines.size() - 5), lines.size())));
        }
        Files.delete(all);
        Files.delete(log);
    }

    static String java() {
        return Path.of(Objects.requireNonNull(System.getProperty("java.home")), "bin/java")
                .toString();
    }

    private Path file() {
        return folder.resolve(name + ".jsa");
    }
}
