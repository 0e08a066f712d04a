package ai.in10nt.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/**
 * What a program consists of.
 *
 * @param own the project's, which change with each build, in the order of the class path
 * @param others libraries, by name
 * @param changed classes of libraries that Quarkus has changed, in each service alike, by their path in a jar
 */
record Jars(List<Path> own, List<Path> others, SortedMap<String, byte[]> changed) {
    /** Native code for another platform, by the names that libraries give it. */
    private static final Predicate<String> FOREIGN = Pattern.compile(
                    "(?i)\\.(a|dll|dylib|jnilib)$"
                            + "|(aix|android|bsd|darwin|mac|musl|sunos|win|aarch|arm|i386|loongarch|mips|ppc|riscv|s390|sparc|[-/]x86/).*\\.so$")
            .asPredicate();

    private static final String OURS = "ai.in10nt.";
    /** It finds its service's own files by where it is itself. */
    private static final String RUNNER = "io.quarkus.quarkus-bootstrap-runner-";

    /** Of a service, from its {@code quarkus-app}, which must be whole. */
    static Jars ofService(Path app) throws IOException {
        for (var file : List.of("quarkus-run.jar", "quarkus/quarkus-application.dat")) {
            if (!Files.exists(app.resolve(file))) {
                throw new NoSuchFileException(app.resolve(file).toString(), null, "not built, or being built");
            }
        }
        var changed = changedJar(app);
        var own = new ArrayList<>(List.of(changed, app.resolve("quarkus/generated-bytecode.jar")));
        own.addAll(in(app.resolve("app")));
        return split(
                own,
                in(app.resolve("lib")),
                name -> name.startsWith(OURS) || name.startsWith(RUNNER),
                changed(changed));
    }

    /** Of a module whose jars are all in one folder, its own among them. */
    static Jars ofModule(Path lib, String module) throws IOException {
        var all = in(lib);
        var own = module + "-";
        var version = all.stream()
                .map(jar -> jar.getFileName().toString())
                .filter(name -> name.startsWith(own))
                .findFirst()
                .orElseThrow(() -> new IOException("no " + own + "*.jar in " + lib))
                .substring(own.length());
        return split(new ArrayList<>(), all, name -> name.endsWith("-" + version), new TreeMap<>());
    }

    private static Jars split(
            List<Path> own, List<Path> all, Predicate<String> isOwn, SortedMap<String, byte[]> changed) {
        var others = new ArrayList<Path>();
        for (var jar : all) {
            (isOwn.test(jar.getFileName().toString()) ? own : others).add(jar);
        }
        return new Jars(List.copyOf(own), List.copyOf(others), changed);
    }

    /** Only what Quarkus has changed in a service. */
    static Jars changedInService(Path app) throws IOException {
        return new Jars(List.of(), List.of(), changed(changedJar(app)));
    }

    private static Path changedJar(Path app) {
        return app.resolve("quarkus/transformed-bytecode.jar");
    }

    private static SortedMap<String, byte[]> changed(Path jar) throws IOException {
        return entries(jar, name -> name.endsWith(".class") && !name.startsWith("ai/in10nt/"));
    }

    static SortedMap<String, byte[]> entries(Path jar, Predicate<String> isWanted) throws IOException {
        var entries = new TreeMap<String, byte[]>();
        try (var in = new ZipInputStream(Files.newInputStream(jar))) {
            for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (!entry.isDirectory() && isWanted.test(entry.getName())) {
                    entries.put(entry.getName(), in.readAllBytes());
                }
            }
        }
        return entries;
    }

    static void write(Path jar, SortedMap<String, byte[]> entries) throws IOException {
        try (var out = new ZipOutputStream(Files.newOutputStream(jar))) {
            for (var entry : entries.entrySet()) {
                out.putNextEntry(new ZipEntry(entry.getKey()));
                out.write(entry.getValue());
            }
        }
    }

    /** Of a jar with native code for many platforms, which are ten megabytes, what Linux on x86-64 can load. */
    static void copy(Path jar, Path target) throws IOException {
        boolean isForMany;
        try (var zip = new ZipFile(jar.toFile())) {
            isForMany = zip.stream().anyMatch(entry -> FOREIGN.test(entry.getName()));
        }
        if (isForMany) {
            write(target, entries(jar, FOREIGN.negate()));
        } else {
            Files.copy(jar, target);
        }
    }

    /** By path, so that it is the same whenever it is listed. */
    static List<Path> in(Path folder) throws IOException {
        try (var files = Files.walk(folder)) {
            return files.filter(file -> file.toString().endsWith(".jar"))
                    .sorted()
                    .toList();
        }
    }
}
