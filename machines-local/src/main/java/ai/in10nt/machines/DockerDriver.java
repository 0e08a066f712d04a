package ai.in10nt.machines;

import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.InternalServerErrorException;
import com.github.dockerjava.api.model.AccessMode;
import com.github.dockerjava.api.model.Bind;
import com.github.dockerjava.api.model.Capability;
import com.github.dockerjava.api.model.HostConfig;
import com.github.dockerjava.api.model.LogConfig;
import com.github.dockerjava.api.model.Volume;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * Machines as containers of a Docker engine, all in one network, each behind walls of its own (nft, within its network namespace; it lacks
 * the capability to change them). The root is the image's and is thrown away at each stop, as at Fly.
 */
final class DockerDriver implements Driver {
    static final String LABEL = "ai.in10nt.machine";
    /** Two stacks on an engine have two networks. */
    static final String NETWORK_LABEL = "ai.in10nt.network";

    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final int TRIES = 5;
    private static final Duration AGAIN = Duration.ofSeconds(1);
    private static final String INIT = "/opt/in10nt/init";
    static final String BOOT = "/opt/in10nt/boot";

    private final Config config;
    private final Engine engine;
    private final Folders folders;
    private final Path init;
    private final Path boot;

    DockerDriver(Config config) {
        this.config = config;
        this.engine = new Engine(Map.of(NETWORK_LABEL, config.docker().network()));
        this.folders = new Folders(config, List.of());
        var lib = config.home().resolve("lib");
        this.init = Host.install("machine-init.sh", lib);
        this.boot = Host.install("machine-boot.sh", lib);
    }

    @Override
    public String describe() {
        return "containers of " + engine.version()
                + ": memory, cpu and processes limited by cgroups; one network, private addresses refused by nft in each";
    }

    @Override
    public void start(Machine machine, @Nullable String volume) {
        try {
            bootInTries(machine, volume);
        } catch (StartFailed e) {
            // Else it would wait for what it isn't given.
            engine.remove(name(machine.id()));
            throw e;
        }
    }

    private void bootInTries(Machine machine, @Nullable String volume) {
        var id = machine.id();
        for (int tries = 1; ; tries++) {
            try {
                boot(machine, volume);
                break;
            } catch (StartFailed e) {
                throw e;
            } catch (RuntimeException | IOException e) {
                if (tries == TRIES || !mayPass(e)) {
                    throw new StartFailed(machine + ": " + e.getMessage());
                }
                System.err.println(machine + " is started again: " + e.getMessage());
                Host.pause(AGAIN);
            }
        }
        // Its boot program ends with 125 where it can't use what it was given.
        if (exitCode(id).orElse(0) == 125) {
            throw new StartFailed(machine + ": " + log(id));
        }
    }

    /** An engine that is busy fails now and then at what it does the next time, and one that is being restarted answers in a while. */
    private static boolean mayPass(Exception e) {
        return e instanceof InternalServerErrorException || e.getCause() instanceof IOException;
    }

    private void boot(Machine machine, @Nullable String volume) throws IOException {
        var id = machine.id();
        engine.remove(name(id));
        if (volume != null) {
            var workspace = config.volume(volume).resolve("workspace");
            // The engine would follow where it leads.
            if (Files.isSymbolicLink(workspace)) {
                throw new StartFailed(machine + ": the workspace of its volume is a link");
            }
            Files.createDirectories(workspace);
        }
        engine.create(image(machine), command -> describe(command, machine, volume));
        engine.start(name(id));
        wallOff(id);
        engine.write(name(id), given(machine));
    }

    private static String name(String id) {
        return "in10nt-" + id;
    }

    private static String walls(String id) {
        return name(id) + "-walls";
    }

    private String image(Machine machine) {
        return machine.config().path("image").asText(config.docker().image());
    }

    private void describe(CreateContainerCmd command, Machine machine, @Nullable String volume) {
        var arguments = new ArrayList<>(List.of("/bin/sh", BOOT));
        arguments.addAll(Bundle.program(machine));
        command.withName(name(machine.id()))
                .withLabels(labels(LABEL, machine.id()))
                .withHostName(machine.id())
                .withEntrypoint(arguments)
                .withCmd(List.of())
                .withEnv(environment(machine).entrySet().stream()
                        .map(e -> e.getKey() + "=" + e.getValue())
                        .toList())
                .withUser("0:0")
                .withWorkingDir("/")
                .withStdinOpen(true)
                .withStdInOnce(true)
                .withIpv4Address(machine.privateIp())
                .withHostConfig(hostConfig(machine, volume));
    }

    private Map<String, String> labels(String name, String value) {
        return Map.of(name, value, NETWORK_LABEL, config.docker().network());
    }

    private static Map<String, String> environment(Machine machine) {
        var env = Bundle.insideEnvironment(machine);
        // The image's own is for Fly.
        env.putIfAbsent("IN10NT_HOST", machine.privateIp());
        return env;
    }

    private HostConfig hostConfig(Machine machine, @Nullable String volume) {
        var guest = machine.config().path("guest");
        long memory = guest.path("memory_mb").asLong(256) * 1024 * 1024;
        int cpus = Math.min(guest.path("cpus").asInt(1), Runtime.getRuntime().availableProcessors());
        var binds = new ArrayList<>(List.of(bind(init, INIT, AccessMode.ro), bind(boot, BOOT, AccessMode.ro)));
        if (volume != null) {
            var path = machine.config().path("mounts").path(0).path("path").asText("/data");
            binds.add(bind(config.volume(volume), path, AccessMode.rw));
            binds.add(bind(config.volume(volume).resolve("workspace"), "/workspace", AccessMode.rw));
        }
        return HostConfig.newHostConfig()
                .withNetworkMode(config.docker().network())
                .withMemory(memory)
                .withMemorySwap(memory)
                .withNanoCPUs(cpus * 1_000_000_000L)
                .withPidsLimit((long) Bundle.MAX_PROCESSES)
                // Where the host itself runs out of memory, machines go first.
                .withOomScoreAdj(500)
                .withCapDrop(Capability.ALL)
                .withCapAdd(Bundle.CAPABILITIES.stream()
                        .map(name -> Capability.valueOf(name.substring("CAP_".length())))
                        .toArray(Capability[]::new))
                .withSecurityOpts(List.of("no-new-privileges:true"))
                .withTmpFs(Map.of("/run", "rw,nosuid,nodev,mode=755,size=64m"))
                .withBinds(binds)
                .withLogConfig(new LogConfig(LogConfig.LoggingType.JSON_FILE, Map.of("max-size", "1m")));
    }

    /** The engine's own path: this process may be in a container that has the folder as a volume. */
    private Bind bind(Path path, String inside, AccessMode mode) {
        return new Bind(engine.hostPath(path).toString(), new Volume(inside), mode);
    }

    /** From within its network, by a container that has the one capability for it and is gone then. */
    private void wallOff(String id) {
        var helper = walls(id);
        engine.remove(helper);
        engine.create(
                config.docker().image(),
                command -> command.withName(helper)
                        .withLabels(labels("ai.in10nt.walls-of", id))
                        .withEntrypoint(List.of("/bin/sh", "-c", "printf %s \"$RULES\" | nft -f -"))
                        .withEnv(List.of("RULES="
                                + Egress.rules(List.of(), config.docker().model())))
                        .withUser("0:0")
                        .withHostConfig(HostConfig.newHostConfig()
                                .withNetworkMode("container:" + name(id))
                                .withReadonlyRootfs(true)
                                .withCapDrop(Capability.ALL)
                                .withCapAdd(Capability.NET_ADMIN)
                                .withSecurityOpts(List.of("no-new-privileges:true"))));
        try {
            engine.start(helper);
            int code = engine.await(helper, PATIENCE);
            if (code != 0) {
                throw new StartFailed(
                        "machine " + id + " has no walls: nft ended with " + code + ": " + engine.log(helper));
            }
        } finally {
            engine.remove(helper);
        }
    }

    /** The lines that its boot program reads: nothing secret is in the container's description or on disk. */
    private static byte[] given(Machine machine) {
        var lines = new StringBuilder();
        for (var file : machine.config().path("files")) {
            lines.append(Integer.toOctalString(file.path("mode").asInt(0644)))
                    .append(' ')
                    .append(file.path("guest_path").asText())
                    .append(' ')
                    .append(Base64.getEncoder()
                            .encodeToString(Base64.getDecoder()
                                    .decode(file.path("raw_value").asText())))
                    .append('\n');
        }
        return lines.append("end\n").toString().getBytes(StandardCharsets.US_ASCII);
    }

    @Override
    public boolean isRunning(String id) {
        return engine.isUp(name(id));
    }

    @Override
    public OptionalInt exitCode(String id) {
        return engine.exitCode(name(id));
    }

    @Override
    public void signal(String id, String signal) {
        engine.signal(name(id), signal);
    }

    @Override
    public void kill(String id) {
        // What is frozen dies when it thaws.
        resume(id);
        engine.signal(name(id), "SIGKILL");
        if (Host.await(PATIENCE, () -> !isRunning(id)).isEmpty()) {
            throw new IllegalStateException("machine " + id + " survives SIGKILL");
        }
    }

    @Override
    public String log(String id) {
        return engine.log(name(id));
    }

    @Override
    public ExecResult exec(String id, List<String> command, Duration timeout) {
        var whole = new ArrayList<>(List.of("timeout", "-s", "KILL", timeout.toMillis() / 1000.0 + ""));
        whole.addAll(command);
        return engine.exec(name(id), whole, timeout);
    }

    @Override
    public boolean wasOutOfMemory(String id) {
        return exitCode(id).orElse(0) == 137 && engine.wasOutOfMemory(name(id));
    }

    @Override
    public void suspend(String id) {
        try {
            engine.pause(name(id));
        } catch (ConflictException e) {
            if (!isSuspended(id)) {
                throw e;
            }
        }
    }

    @Override
    public boolean isSuspended(String id) {
        return engine.isPaused(name(id));
    }

    @Override
    public void resume(String id) {
        if (isSuspended(id)) {
            engine.unpause(name(id));
        }
    }

    @Override
    public void remove(String id) {
        try {
            engine.remove(name(id));
            // Left where this process died while it put them up.
            engine.remove(walls(id));
            folders.remove(config.machine(id));
        } catch (DockerException e) {
            throw new UncheckedIOException(new IOException("machine " + id + " can't be removed", e));
        }
    }

    @Override
    public Folders folders() {
        return folders;
    }
}
