package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Machines as runc containers with a network of their own (pasta, socat) and egress rules (nft); as root with cgroups, else in a user
 * namespace. One shim per machine holds it together: see {@code shim.sh}.
 */
final class SandboxDriver implements Driver {
    /** Whose user namespace it is, and how many user ids a machine has. */
    enum Form {
        ROOT("runc as root: own user ids, memory, cpu and processes limited by cgroups"),
        ROOTLESS(
                "runc in a user namespace with many user ids; without cgroups: memory is guarded twice a second, cpu is not limited"),
        ROOTLESS_ONE_ID(
                "runc in a user namespace with one user id, so the agent runs as the agent server's user (install uidmap for more);"
                        + " without cgroups: memory is guarded twice a second, cpu is not limited");

        private final String text;

        Form(String text) {
            this.text = text;
        }
    }

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Config config;
    private final Form form;
    private final Bundle bundle;
    private final Folders folders;
    private final @Nullable MemoryGuard guard;
    /** Machines by the pid of their init, as the guard knows them. */
    private final Map<Long, String> guarded = new ConcurrentHashMap<>();

    private final Path shim;
    private final Path runcState;

    SandboxDriver(Config config, Form form) {
        this.config = config;
        this.form = form;
        var lib = config.home().resolve("lib");
        this.shim = Host.install("shim.sh", lib);
        this.bundle = new Bundle(config, Host.install("machine-init.sh", lib), form);
        // What the machine's other user ids own, only their namespace may touch.
        this.folders =
                new Folders(config, form == Form.ROOTLESS ? List.of("unshare", "-U", "-r", "--map-auto") : List.of());
        this.guard = form == Form.ROOT ? null : new MemoryGuard(this::endForMemory);
        this.runcState = config.home().resolve("runc");
    }

    @Override
    public String describe() {
        return form.text + "; network by pasta and socat, private addresses and the host refused by nft";
    }

    @Override
    public void start(Machine machine, @Nullable String volume) {
        var dir = config.machine(machine.id());
        try {
            prepare(dir, volume);
            var process = new ProcessBuilder(command(machine, dir))
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(
                            dir.resolve("machine.log").toFile()))
                    .start();
            Host.remember(dir.resolve("shim.pid"), process.pid());
            try (var input = process.getOutputStream()) {
                input.write(given(machine, volume).getBytes(StandardCharsets.US_ASCII));
            }
            awaitStart(machine, dir);
            guard(machine);
        } catch (IOException e) {
            throw new UncheckedIOException(machine + " can't be started", e);
        }
    }

    private void prepare(Path dir, @Nullable String volume) throws IOException {
        Files.createDirectories(
                dir, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        Files.createDirectories(runcState);
        for (var left : List.of(
                "exit",
                "init.pid",
                "pasta.pid",
                "inside.pid",
                "outside.pid",
                "in.sock",
                "shim.pid",
                "machine.log",
                "pasta.log",
                "socat.log",
                "oom",
                "suspended")) {
            Files.deleteIfExists(dir.resolve(left));
        }
        // What a killed runc left under this name would refuse the next boot; what a killed shim left of the last root
        // could
        // lead our own writes out of it.
        for (var left : List.of(runcState.resolve(String.valueOf(dir.getFileName())), dir.resolve("root"))) {
            if (Files.exists(left)) {
                folders.remove(left);
            }
        }
        bundle.makeRoot(dir.resolve("root"));
        if (volume != null) {
            Files.createDirectories(config.volume(volume).resolve("workspace"));
        }
    }

    private List<String> command(Machine machine, Path dir) {
        var command = new ArrayList<>(List.of("setsid", "unshare"));
        command.addAll(
                switch (form) {
                    case ROOT -> List.of("-m");
                    case ROOTLESS -> List.of("-U", "-r", "--map-auto", "-m");
                    case ROOTLESS_ONE_ID -> List.of("-U", "-r", "-m");
                });
        var model = config.modelPort();
        command.addAll(List.of(
                "sh",
                shim.toString(),
                dir.toString(),
                machine.id(),
                machine.privateIp(),
                String.valueOf(Bundle.port(machine)),
                model == null ? "none" : model.toString(),
                runcState.toString()));
        if (form != Form.ROOT) {
            command.addAll(List.of("--rootless", "true"));
        }
        return command;
    }

    /** The lines that the shim reads: nothing secret is on a command line or on disk. */
    private String given(Machine machine, @Nullable String volume) {
        var lines = new StringBuilder();
        lines.append(line("config.json", "0600", Json.bytes(bundle.config(machine, volume))));
        lines.append(line("egress.nft", "0600", Egress.rules().getBytes(StandardCharsets.UTF_8)));
        int number = 0;
        for (var file : machine.config().path("files")) {
            var content = Base64.getDecoder().decode(file.path("raw_value").asText());
            lines.append(line(
                    "file-" + number++, Integer.toOctalString(file.path("mode").asInt(0644)), content));
        }
        return lines.append("end\n").toString();
    }

    private static String line(String name, String mode, byte[] content) {
        return name + " " + mode + " " + Base64.getEncoder().encodeToString(content) + "\n";
    }

    private static void awaitStart(Machine machine, Path dir) {
        var known =
                Host.await(PATIENCE, () -> Files.exists(dir.resolve("exit")) || Host.isAlive(dir.resolve("init.pid")));
        if (known.isEmpty()) {
            throw new StartFailed(machine + " didn't start within " + PATIENCE);
        }
        if (Files.exists(dir.resolve("exit")) && Host.read(dir.resolve("exit")).equals("125")) {
            throw new StartFailed(
                    machine + ": " + Host.read(dir.resolve("machine.log")) + Host.read(dir.resolve("pasta.log")));
        }
    }

    /** Where no cgroup limits it. Called again for machines that an earlier process started. */
    @Override
    public void guard(Machine machine) {
        long init = Host.pid(config.machine(machine.id()).resolve("init.pid"));
        if (guard != null && init > 0) {
            guarded.put(init, machine.id());
            guard.limit(init, machine.config().path("guest").path("memory_mb").asLong(256) * 1024 * 1024);
        }
    }

    private void endForMemory(long init, long process) {
        var id = guarded.get(init);
        if (id != null && isRunning(id)) {
            System.err.println("machine " + id + " holds more than its memory: process " + process + " is ended");
            Host.write(config.machine(id).resolve("oom"), "1");
            Host.run(
                    PATIENCE,
                    List.of(
                            "nsenter",
                            "--preserve-credentials",
                            "-U",
                            "-t",
                            String.valueOf(init),
                            "kill",
                            "-9",
                            String.valueOf(process)));
        }
    }

    @Override
    public boolean isRunning(String id) {
        var dir = config.machine(id);
        return !Files.exists(dir.resolve("exit")) && Host.isAlive(dir.resolve("shim.pid"));
    }

    @Override
    public OptionalInt exitCode(String id) {
        var exit = Host.read(config.machine(id).resolve("exit"));
        return exit.isEmpty() ? OptionalInt.empty() : OptionalInt.of(Integer.parseInt(exit));
    }

    @Override
    public void signal(String id, String signal) {
        // A pid means this machine's process only while its shim lives.
        var init = config.machine(id).resolve("init.pid");
        if (isRunning(id) && Host.isAlive(init)) {
            Host.run(PATIENCE, List.of("kill", "-s", signal.replaceFirst("^SIG", ""), Host.read(init)));
        }
    }

    @Override
    public void kill(String id) {
        var dir = config.machine(id);
        signal(id, "SIGKILL");
        if (isSuspended(id) && isRunning(id)) {
            // What is frozen dies when it thaws.
            resume(id);
        }
        if (Host.await(PATIENCE, () -> !isRunning(id)).isEmpty()) {
            throw new IllegalStateException("machine " + id + " survives SIGKILL; see " + dir);
        }
        // Where the shim itself was killed, nobody else ends its network.
        Host.killRemembered(dir.resolve("pasta.pid"), "pasta");
        Host.killRemembered(dir.resolve("inside.pid"), "socat");
        Host.killRemembered(dir.resolve("outside.pid"), "socat");
    }

    @Override
    public String log(String id) {
        return Host.read(config.machine(id).resolve("machine.log"));
    }

    @Override
    public ExecResult exec(String id, List<String> command, Duration timeout) {
        // The bundle is on a tmpfs that only the shim's namespace sees.
        var whole = new ArrayList<>(List.of("nsenter", "-m", "-t", shimPid(id)));
        if (form == Form.ROOT) {
            whole.add("runc");
        } else {
            whole.addAll(List.of("--preserve-credentials", "-U", "runc", "--rootless", "true"));
        }
        whole.addAll(List.of("--root", runcState.toString(), "exec", id));
        whole.addAll(command);
        return Host.run(timeout, whole);
    }

    /** Told by the machine's init, from its cgroup's own counter; without cgroups nobody counts. */
    @Override
    public boolean wasOutOfMemory(String id) {
        return exitCode(id).orElse(0) == 137
                && Host.read(config.machine(id).resolve("oom")).matches("[1-9]\\d*");
    }

    @Override
    public void suspend(String id) {
        hold(id, "pause", "STOP");
        Host.mark(config.machine(id).resolve("suspended"));
    }

    @Override
    public boolean isSuspended(String id) {
        return Files.exists(config.machine(id).resolve("suspended"));
    }

    @Override
    public void resume(String id) {
        if (isSuspended(id)) {
            hold(id, "resume", "CONT");
            Host.delete(config.machine(id).resolve("suspended"));
        }
    }

    /** By the freezer; a user without cgroups signals every process, which only their namespace may. */
    private void hold(String id, String verb, String signal) {
        var whole = new ArrayList<>(List.of("nsenter", "-m", "-t", shimPid(id)));
        if (form == Form.ROOT) {
            whole.addAll(List.of("runc", "--root", runcState.toString(), verb, id));
        } else {
            whole.addAll(List.of("--preserve-credentials", "-U", "kill", "-s", signal));
            ProcessHandle.of(Host.pid(config.machine(id).resolve("init.pid")))
                    .ifPresent(init -> Stream.concat(Stream.of(init), init.descendants())
                            .forEach(process -> whole.add(String.valueOf(process.pid()))));
        }
        var result = Host.run(PATIENCE, whole);
        if (result.exitCode() != 0) {
            throw new IllegalStateException(verb + " " + id + ": " + result.stderr());
        }
    }

    private String shimPid(String id) {
        return String.valueOf(Host.pid(config.machine(id).resolve("shim.pid")));
    }

    @Override
    public void remove(String id) {
        folders.remove(config.machine(id));
        folders.remove(runcState.resolve(id));
    }

    @Override
    public Folders folders() {
        return folders;
    }
}
