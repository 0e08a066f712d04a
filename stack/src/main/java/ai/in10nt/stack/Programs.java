package ai.in10nt.stack;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;

/** The command lines of the stack's Java programs, with the archives of their libraries where {@code ./dev aot} has made them. */
final class Programs {
    private static final String ENTRY_POINT = "io.quarkus.bootstrap.runner.AotQuarkusEntryPoint";

    /** All of them are in stack's jars. */
    private static final List<String> OF_STACK = List.of("kafka", "demo-model");

    /** {@code ./dev status}, for all commands of its kind, which {@code ./dev} starts itself. */
    private static final String COMMAND = "status";

    private static final String MACHINES_LOCAL = "machines-local";

    private final Path root;
    private final Path folder;
    private final boolean isRecording;
    private final ClassArchive services;
    private final ClassArchive stack;
    private final ClassArchive machinesLocal;

    Programs(Settings settings) {
        this.root = settings.root();
        this.folder = root.resolve("target/aot");
        this.isRecording = settings.isRecording();
        this.services = archive("services", "classes");
        this.stack = archive("stack", "classes");
        this.machinesLocal = archive(MACHINES_LOCAL, "classes");
    }

    private ClassArchive archive(String libraries, String name) {
        return new ClassArchive(folder.resolve(libraries), name);
    }

    private List<String> java(String program, String heap) {
        var command = new ArrayList<>(List.of(ClassArchive.java()));
        command.addAll(ClassArchive.LAYOUT);
        command.addAll(ClassArchive.OPENED);
        command.addAll(List.of("-XX:+ExitOnOutOfMemoryError", heap));
        if (isRecording) {
            command.add(ClassArchive.recording(list(program)));
        }
        return command;
    }

    List<String> service(String module) {
        var command = java(module, "-Xmx160m");
        command.add("-Djava.util.logging.manager=org.jboss.logmanager.LogManager");
        if (module.equals("api-gateway")) {
            // What slow readers of files and ports haven't taken yet waits there; without room an event loop would
            // stand still.
            command.add("-XX:MaxDirectMemorySize=512m");
            // Its answers to what is no HTTP (UnreadableRequests) are hooked in by Netty.
            command.add("-Dio.netty.bootstrap.extensions=serviceload");
        } else {
            // The gateway alone is in the way of every request, and C2 makes it three times as fast for 50 MB.
            command.add("-XX:TieredStopAtLevel=1");
        }
        try {
            var jars = Jars.ofService(app(module));
            if (services.fits(jars) && !isRecording) {
                command.addAll(services.use(jars));
                command.add(ENTRY_POINT);
            } else {
                command.addAll(
                        List.of("-jar", app(module).resolve("quarkus-run.jar").toString()));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the jars of " + module, e);
        }
        return command;
    }

    List<String> ofStack(String program, String heap, String main, String... arguments) {
        return ofModule("stack", stack, program, heap, main, arguments);
    }

    List<String> machinesLocal(String heap, String main) {
        return ofModule(MACHINES_LOCAL, machinesLocal, MACHINES_LOCAL, heap, main);
    }

    private List<String> ofModule(
            String module, ClassArchive archive, String program, String heap, String main, String... arguments) {
        var command = java(program, heap);
        command.add("-XX:TieredStopAtLevel=1");
        try {
            var jars = Jars.ofModule(lib(module), module);
            command.addAll(archive.fits(jars) && !isRecording ? archive.use(jars) : List.of("-cp", lib(module) + "/*"));
        } catch (IOException e) {
            throw new UncheckedIOException("the jars of " + program, e);
        }
        command.add(main);
        command.addAll(List.of(arguments));
        return command;
    }

    /** While the stack that is recorded runs; its environment is this process's. */
    void recordStatus() throws IOException, InterruptedException {
        var status = new ProcessBuilder(ofStack(COMMAND, "-Xmx128m", "ai.in10nt.stack.Stack", "status"));
        if (status.inheritIO().start().waitFor() != 0) {
            throw new IOException("the status of a stack that runs can't be had");
        }
    }

    /** From what the programs of a stack that was started to record have written down. */
    void makeArchives() throws IOException, InterruptedException, ExecutionException {
        var all = new ArrayList<Jars>();
        for (var module : Status.SERVICES) {
            all.add(Jars.ofService(app(module)));
        }
        var making = List.<Callable<@Nullable Void>>of(() -> make(services, all, Status.SERVICES), () -> {
            make(stack, List.of(Jars.ofModule(lib("stack"), "stack")), OF_STACK);
            archive("stack", "commands").make(List.of(list(COMMAND)));
            Files.delete(list(COMMAND));
            return make(
                    machinesLocal,
                    List.of(Jars.ofModule(lib(MACHINES_LOCAL), MACHINES_LOCAL)),
                    List.of(MACHINES_LOCAL));
        });
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (var made : threads.invokeAll(making)) {
                made.get();
            }
        }
    }

    private @Nullable Void make(ClassArchive archive, List<Jars> jars, List<String> programs)
            throws IOException, InterruptedException {
        archive.collect(jars);
        var lists = programs.stream().map(this::list).toList();
        archive.make(lists);
        for (var list : lists) {
            Files.delete(list);
        }
        return null;
    }

    private Path app(String module) {
        return root.resolve(module + "/target/quarkus-app");
    }

    private Path lib(String module) {
        return root.resolve(module + "/target/lib");
    }

    private Path list(String program) {
        return folder.resolve(program + ".classes");
    }
}
