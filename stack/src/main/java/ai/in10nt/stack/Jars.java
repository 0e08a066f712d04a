package ai.in10nt.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.zip.ZipInputStream;

/**
 * What a program consists of.
 *
 * @param own the project's, which change with each build, in the order of the class path
 * @param others libraries, by name
 * @param changed classes of libraries that Quarkus has changed, in each service alike, by their path in a jar
 */
record Jars(List<Path> own, List<Path> others, TreeMap<String, byte[]> changed) {
    private static final String OURS = "ai.in10nt.";
    /** It finds its service's own files by where it is itself. */
    private static final String RUNNER = "io.quarkus.quarkus-bootstrap-runner-";

    /** Of a service, from its {@code quarkus-app}. */
    static Jars ofService(Path app) throws IOException {
        var changed = app.resolve("quarkus/transformed-bytecode.jar");
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
            List<Path> own, List<Path> all, Predicate<String> isOwn, TreeMap<String, byte[]> changed) {
        var others = new ArrayList<Path>();
        for (var jar : all) {
            (isOwn.test(jar.getFileName().toString()) ? own : others).add(jar);
        }
        return new Jars(List.copyOf(own), List.copyOf(others), changed);
    }

    private static TreeMap<String, byte[]> changed(Path jar) throws IOException {
        var changed = new TreeMap<String, byte[]>();
        try (var in = new ZipInputStream(Files.newInputStream(jar))) {
            for (var entry = in.getNextEntry(); entry != null; entry = in.getNextEntry()) {
                if (entry.getName().endsWith(".class") && !entry.getName().startsWith("ai/in10nt/")) {
                    changed.put(entry.getName(), in.readAllBytes());
                }
            }
        }
        return changed;
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
