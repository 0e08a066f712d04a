package ai.in10nt.machines;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The OCI bundle of a machine. The image is this host's {@code /usr}, read-only, with the agent server and OpenCode added; the
 * rest of the root is made anew at each boot, as at Fly.
 */
final class Bundle {
    static final List<String> CAPABILITIES = List.of(
            "CAP_CHOWN",
            "CAP_DAC_OVERRIDE",
            "CAP_FOWNER",
            "CAP_FSETID",
            "CAP_KILL",
            "CAP_SETGID",
            "CAP_SETUID",
            "CAP_NET_BIND_SERVICE");
    static final int MAX_PROCESSES = 2048;
    private static final int AGENT_PORT = 10310;
    private static final long MIB = 1024 * 1024;

    private final Config config;
    private final Path init;
    private final SandboxDriver.Form form;

    Bundle(Config config, Path init, SandboxDriver.Form form) {
        this.config = config;
        this.init = init;
        this.form = form;
    }

    /** An empty root: mount points, links into {@code /usr}, and the few files of {@code /etc} that programs look for. */
    void makeRoot(Path root) throws IOException {
        for (var folder : List.of(
                "etc",
                "tmp",
                "var/tmp",
                "run",
                "proc",
                "sys",
                "dev",
                "usr",
                "opt/in10nt",
                "root",
                "home",
                "workspace",
                "data")) {
            Files.createDirectories(root.resolve(folder));
        }
        for (var link : List.of("bin", "sbin", "lib", "lib64")) {
            if (!Files.exists(root.resolve(link), LinkOption.NOFOLLOW_LINKS)) {
                Files.createSymbolicLink(root.resolve(link), Path.of("usr", link));
            }
        }
        for (var open : List.of("tmp", "var/tmp")) {
            Files.setPosixFilePermissions(
                    root.resolve(open), java.nio.file.attribute.PosixFilePermissions.fromString("rwxrwxrwx"));
        }
        Files.writeString(
                root.resolve("etc/passwd"),
                "root:x:0:0:root:/root:/bin/sh\nagent:x:1000:1000:agent:/data/home:/bin/bash\nnobody:x:65534:65534:nobody:/:/bin/false\n");
        Files.writeString(root.resolve("etc/group"), "root:x:0:\nagent:x:1000:\nnogroup:x:65534:\n");
        Files.writeString(root.resolve("etc/hosts"), "127.0.0.1 localhost\n");
        Files.writeString(root.resolve("etc/nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n");
        Files.writeString(root.resolve("etc/resolv.conf"), Egress.resolvConf());
    }

    Map<String, Object> config(Machine machine, @Nullable String volume) {
        var spec = new LinkedHashMap<String, Object>();
        spec.put("ociVersion", "1.0.2");
        spec.put("process", process(machine));
        spec.put(
                "root",
                Map.of("path", config.machine(machine.id()).resolve("root").toString(), "readonly", false));
        spec.put("hostname", machine.id());
        spec.put("mounts", mounts(machine, volume));
        spec.put("linux", linux(machine));
        return spec;
    }

    private Map<String, Object> process(Machine machine) {
        var arguments = new ArrayList<>(List.of("/opt/in10nt/init"));
        arguments.addAll(program(machine));
        var capabilities = new TreeMap<String, List<String>>();
        for (var set : List.of("bounding", "effective", "permitted", "inheritable")) {
            capabilities.put(set, CAPABILITIES);
        }
        var process = new LinkedHashMap<String, Object>();
        process.put("terminal", false);
        process.put("user", Map.of("uid", 0, "gid", 0));
        process.put("args", arguments);
        process.put(
                "env",
                insideEnvironment(machine).entrySet().stream()
                        .map(e -> e.getKey() + "=" + e.getValue())
                        .toList());
        process.put("cwd", "/");
        process.put("noNewPrivileges", true);
        process.put("capabilities", capabilities);
        // Where the host itself runs out of memory, machines go first.
        process.put("oomScoreAdj", 500);
        if (form != SandboxDriver.Form.ROOT) {
            // Counted within the machine's user namespace; with cgroups the pids controller counts.
            process.put(
                    "rlimits", List.of(Map.of("type", "RLIMIT_NPROC", "hard", MAX_PROCESSES, "soft", MAX_PROCESSES)));
        }
        return process;
    }

    /** Fly's {@code init} says what runs; without it, the image's own program, which is the agent server. */
    static List<String> program(Machine machine) {
        var init = machine.config().path("init");
        var command = new ArrayList<String>();
        init.path("exec").forEach(argument -> command.add(argument.asText()));
        if (command.isEmpty()) {
            init.path("entrypoint").forEach(argument -> command.add(argument.asText()));
            init.path("cmd").forEach(argument -> command.add(argument.asText()));
        }
        return command.isEmpty() ? agentServer() : command;
    }

    private static List<String> agentServer() {
        return agentServer("/opt/in10nt/java/bin/java", "/opt/in10nt/agent");
    }

    /**
     * What the machine's port 3000, as the host sees it, is inside. The agent server leaves 3000 itself to the dev servers of
     * users, as it does at Fly by listening on the private address alone.
     */
    static int port(Machine machine) {
        return program(machine).equals(agentServer()) ? AGENT_PORT : 3000;
    }

    static List<String> agentServer(String java, String lib) {
        return List.of("sh", lib + "/agent.sh", "run", java);
    }

    static Map<String, String> insideEnvironment(Machine machine) {
        var env = environment(machine);
        env.putIfAbsent("IN10NT_PORT", String.valueOf(port(machine)));
        return env;
    }

    static Map<String, String> environment(Machine machine) {
        var env = new TreeMap<String, String>();
        env.put("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
        env.put("LANG", "C.UTF-8");
        env.put("FLY_APP_NAME", machine.app());
        env.put("FLY_MACHINE_ID", machine.id());
        env.put("FLY_REGION", machine.region());
        env.put("FLY_MACHINE_VERSION", machine.version());
        env.put("FLY_PRIVATE_IP", machine.privateIp());
        env.put(
                "FLY_VM_MEMORY_MB",
                machine.config().path("guest").path("memory_mb").asText("256"));
        machine.config()
                .path("env")
                .properties()
                .forEach(variable ->
                        env.put(variable.getKey(), variable.getValue().asText()));
        return env;
    }

    private List<Map<String, Object>> mounts(Machine machine, @Nullable String volume) {
        var mounts = new ArrayList<Map<String, Object>>();
        mounts.add(mount("/proc", "proc", "proc"));
        mounts.add(mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"));
        mounts.add(
                mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
        mounts.add(mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"));
        mounts.add(mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"));
        mounts.add(mount("/run", "tmpfs", "tmpfs", "nosuid", "nodev", "mode=755", "size=65536k"));
        if (form == SandboxDriver.Form.ROOT) {
            // Its own, read-only: its init says from there whether memory ran out.
            mounts.add(mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"));
        }
        for (var shown : List.of("/usr", "/etc/ssl", "/etc/alternatives")) {
            if (Files.exists(Path.of(shown))) {
                mounts.add(readOnly(Path.of(shown), shown));
            }
        }
        mounts.add(readOnly(config.java(), "/opt/in10nt/java"));
        mounts.add(readOnly(config.agent(), "/opt/in10nt/agent"));
        mounts.add(readOnly(config.openCode(), "/opt/in10nt/opencode"));
        mounts.add(readOnly(init, "/opt/in10nt/init"));
        if (volume != null) {
            var path = machine.config().path("mounts").path(0).path("path").asText("/data");
            mounts.add(mount(path, "bind", config.volume(volume).toString(), "rbind", "rw", "nosuid", "nodev"));
            mounts.add(mount(
                    "/workspace",
                    "bind",
                    config.volume(volume).resolve("workspace").toString(),
                    "rbind",
                    "rw",
                    "nosuid",
                    "nodev"));
        }
        int number = 0;
        for (var file : machine.config().path("files")) {
            var source = config.machine(machine.id()).resolve("bundle/file-" + number++);
            mounts.add(mount(
                    file.path("guest_path").asText(), "bind", source.toString(), "bind", "ro", "nosuid", "nodev"));
        }
        return mounts;
    }

    private static Map<String, Object> readOnly(Path source, String destination) {
        return mount(destination, "bind", source.toString(), "rbind", "ro", "nosuid", "nodev");
    }

    private static Map<String, Object> mount(String destination, String type, String source, String... options) {
        return Map.of("destination", destination, "type", type, "source", source, "options", List.of(options));
    }

    private Map<String, Object> linux(Machine machine) {
        var namespaces = new ArrayList<Map<String, String>>();
        for (var type : List.of("pid", "ipc", "uts", "mount", "cgroup")) {
            namespaces.add(Map.of("type", type));
        }
        namespaces.add(Map.of(
                "type",
                "network",
                "path",
                config.machine(machine.id()).resolve("netns").toString()));
        var linux = new LinkedHashMap<String, Object>();
        linux.put("namespaces", namespaces);
        linux.put(
                "maskedPaths",
                List.of(
                        "/proc/kcore",
                        "/proc/keys",
                        "/proc/latency_stats",
                        "/proc/timer_list",
                        "/proc/sched_debug",
                        "/proc/scsi",
                        "/sys/firmware"));
        linux.put(
                "readonlyPaths",
                List.of("/proc/asound", "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"));
        if (form == SandboxDriver.Form.ROOT) {
            linux.put("cgroupsPath", "/in10nt/" + machine.id());
            linux.put("resources", resources(machine));
        }
        return linux;
    }

    private static Map<String, Object> resources(Machine machine) {
        var guest = machine.config().path("guest");
        long memory = guest.path("memory_mb").asLong(256) * MIB;
        int cpus = Math.min(guest.path("cpus").asInt(1), Runtime.getRuntime().availableProcessors());
        return Map.of(
                "memory", Map.of("limit", memory, "swap", memory),
                "cpu", Map.of("period", 100_000, "quota", 100_000L * cpus),
                "pids", Map.of("limit", MAX_PROCESSES));
    }
}
