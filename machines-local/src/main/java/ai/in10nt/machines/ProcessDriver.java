package ai.in10nt.machines;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Machines that are plain processes of this user, without any wall between them and the host. Only by an explicit flag, for
 * places where no sandbox can be made.
 */
final class ProcessDriver implements Driver {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private final Config config;
    private final Folders folders;

    ProcessDriver(Config config) {
        this.config = config;
        this.folders = new Folders(config, List.of());
    }

    @Override
    public String describe() {
        return "plain processes: NO SANDBOX. The agent can read and change everything that this user can; nothing is limited";
    }

    @Override
    public void start(Machine machine, @Nullable String volume) {
        var dir = config.machine(machine.id());
        try {
            Files.createDirectories(
                    dir, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            Files.deleteIfExists(dir.resolve("exit"));
            Files.deleteIfExists(dir.resolve("suspended"));
            var builder = new ProcessBuilder(command(dir))
                    .redirectErrorStream(true)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectOutput(dir.resolve("machine.log").toFile());
            builder.environment().clear();
            builder.environment().putAll(Bundle.environment(machine));
            var data = volume == null ? dir.resolve("data") : config.volume(volume);
            Files.createDirectories(data.resolve("workspace"));
            builder.environment().put("IN10NT_DATA", data.toString());
            builder.environment()
                    .put("IN10NT_WORKSPACE", data.resolve("workspace").toString());
            builder.environment().put("IN10NT_ONE_USER", "yes");
            builder.environment().put("IN10NT_HOST", machine.privateIp());
            builder.environment().put("IN10NT_OPENCODE", config.openCode().toString());
            builder.environment().put("IN10NT_PROXY_PORT", String.valueOf(proxyPort(machine)));
            builder.environment()
                    .put("IN10NT_AGENT_FILE", writeFiles(machine, dir).toString());
            Host.remember(dir.resolve("shim.pid"), builder.start().pid());
        } catch (IOException e) {
            throw new UncheckedIOException(machine + " can't be started", e);
        }
    }

    private List<String> command(Path dir) {
        var command = new ArrayList<>(List.of(
                "setsid",
                "sh",
                "-c",
                "\"$@\"; echo $? >\"$0.new\" && mv \"$0.new\" \"$0\"",
                dir.resolve("exit").toString()));
        command.addAll(Bundle.agentServer(
                config.java().resolve("bin/java").toString(), config.agent().toString()));
        return command;
    }

    /** All share one loopback: each gets two ports of its own, by its address. */
    private static int proxyPort(Machine machine) {
        var octets = machine.privateIp().split("\\.", -1);
        return 20_000 + 2 * (Integer.parseInt(octets[2]) * 250 + Integer.parseInt(octets[3]));
    }

    private static Path writeFiles(Machine machine, Path dir) throws IOException {
        var agentFile = dir.resolve("agent.json");
        for (var file : machine.config().path("files")) {
            if (file.path("guest_path").asText().endsWith("agent.json")) {
                Files.deleteIfExists(agentFile);
                Files.createFile(
                        agentFile, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
                Files.write(
                        agentFile,
                        Base64.getDecoder().decode(file.path("raw_value").asText()));
            }
        }
        return agentFile;
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
        session(id)
                .forEach(process -> Host.run(
                        PATIENCE,
                        List.of("kill", "-s", signal.replaceFirst("^SIG", ""), String.valueOf(process.pid()))));
    }

    /** The shell that keeps the exit code isn't signalled; what it started is. */
    private List<ProcessHandle> session(String id) {
        var file = config.machine(id).resolve("shim.pid");
        return Host.isAlive(file)
                ? ProcessHandle.of(Host.pid(file)).stream()
                        .flatMap(ProcessHandle::descendants)
                        .toList()
                : List.of();
    }

    @Override
    public void kill(String id) {
        session(id).forEach(ProcessHandle::destroyForcibly);
        if (Host.await(PATIENCE, () -> !isRunning(id)).isEmpty()) {
            throw new IllegalStateException("machine " + id + " survives SIGKILL");
        }
    }

    @Override
    public String log(String id) {
        return Host.read(config.machine(id).resolve("machine.log"));
    }

    @Override
    public ExecResult exec(String id, List<String> command, Duration timeout) {
        return Host.run(timeout, command);
    }

    /** Unknown: nothing is limited here. */
    @Override
    public boolean wasOutOfMemory(String id) {
        return false;
    }

    @Override
    public void suspend(String id) {
        signal(id, "SIGSTOP");
        Host.mark(config.machine(id).resolve("suspended"));
    }

    @Override
    public boolean isSuspended(String id) {
        return Files.exists(config.machine(id).resolve("suspended"));
    }

    @Override
    public void resume(String id) {
        signal(id, "SIGCONT");
        Host.delete(config.machine(id).resolve("suspended"));
    }

    @Override
    public void remove(String id) {
        folders.remove(config.machine(id));
    }

    @Override
    public Folders folders() {
        return folders;
    }
}
