package ai.in10nt.agent;

import ai.in10nt.contracts.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Which ports of the machine somebody listens on, by what, and which ones were registered. */
final class Ports {
    /** @param registered by {@code open-ports}; it need not be listened on yet */
    record Port(int port, @Nullable String process, boolean registered) {}

    private static final Pattern SOCKET = Pattern.compile("socket:\\[(\\d+)]");
    private static final Pattern FOLDER = Pattern.compile("/proc/(\\d+)/fd:");
    private static final String LISTENING = "0A";
    private static final int MAX_REGISTERED = 256;

    private final AgentConfig config;
    private final AgentUser user;
    private final Path file;
    private final TreeSet<Integer> registered = new TreeSet<>();

    /** A listening socket. */
    private record Listener(int port, String address, long inode) {}

    Ports(AgentConfig config, AgentUser user) throws IOException {
        this.config = config;
        this.user = user;
        this.file = config.state().resolve("ports.json");
        try {
            for (var port : Json.read(Files.readAllBytes(file), int[].class)) {
                registered.add(port);
            }
        } catch (NoSuchFileException none) {
            registered.clear();
        }
    }

    /** A port that users may have to do with: not the system's, not this server's own. */
    void check(int port) {
        if (port < 1 || port > 65535) {
            throw new Refused(400, "invalid_port", "port: must be 1024 to 65535.");
        }
        if (port < 1024 || own().contains(port)) {
            throw new Refused(
                    400, "port_refused", "port: " + port + " isn't for users; choose another of 1024 to 65535.");
        }
    }

    private Set<Integer> own() {
        return Set.of(config.port(), config.proxyPort(), config.proxyPort() + 1);
    }

    List<Port> list() throws IOException {
        var listeners = listeners().stream()
                .filter(listener -> listener.port() >= 1024 && !own().contains(listener.port()))
                .toList();
        var names = listeners.isEmpty() ? Map.<Long, String>of() : processes();
        var all = new TreeMap<Integer, Port>();
        synchronized (registered) {
            registered.forEach(port -> all.put(port, new Port(port, null, true)));
            for (var listener : listeners) {
                var name = names.get(listener.inode());
                // What no process of the agent's user has is the platform's, or another machine's where they share a
                // network.
                if (name != null || names.isEmpty()) {
                    all.merge(
                            listener.port(),
                            new Port(listener.port(), name, registered.contains(listener.port())),
                            (known, more) -> more.process() == null && known.process() != null ? known : more);
                }
            }
        }
        return List.copyOf(all.values());
    }

    void register(List<Integer> ports) throws IOException {
        ports.forEach(this::check);
        synchronized (registered) {
            if (registered.size() + ports.size() > MAX_REGISTERED && !registered.containsAll(ports)) {
                throw new Refused(400, "too_many_ports", "ports: at most " + MAX_REGISTERED + " can be registered.");
            }
            registered.addAll(ports);
            var draft = file.resolveSibling("ports.json.new");
            Files.writeString(draft, Json.text(registered));
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        }
    }

    /** Where to connect to for a port: a loopback address where it is listened on there. */
    Optional<String> address(int port) throws IOException {
        return listeners().stream()
                .filter(listener -> listener.port() == port)
                .map(Listener::address)
                .min(Comparator.comparingInt(
                        address -> address.equals("127.0.0.1") ? 0 : address.equals("::1") ? 1 : 2));
    }

    private static List<Listener> listeners() throws IOException {
        var all = new ArrayList<Listener>();
        for (var table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
            if (!Files.exists(Path.of(table))) {
                continue;
            }
            for (var line : Files.readAllLines(Path.of(table))) {
                var fields = line.strip().split("\\s+", -1);
                if (fields.length > 9 && fields[3].equals(LISTENING)) {
                    var local = fields[1].split(":", -1);
                    all.add(new Listener(Integer.parseInt(local[1], 16), address(local[0]), Long.parseLong(fields[9])));
                }
            }
        }
        return all;
    }

    /** As the kernel writes it: words of four bytes, the lowest first. One that stands for all is loopback. */
    private static String address(String hex) {
        if (hex.matches("0+")) {
            return "127.0.0.1";
        }
        var bytes = new int[hex.length() / 2];
        for (int i = 0; i < bytes.length; i++) {
            int at = i / 4 * 4 + 3 - i % 4;
            bytes[at] = Integer.parseInt(hex.substring(i * 2, i * 2 + 2), 16);
        }
        if (bytes.length == 4) {
            return bytes[0] + "." + bytes[1] + "." + bytes[2] + "." + bytes[3];
        }
        var groups = new ArrayList<String>();
        for (int i = 0; i < bytes.length; i += 2) {
            groups.add(Integer.toHexString(bytes[i] << 8 | bytes[i + 1]));
        }
        var text = String.join(":", groups);
        return text.equals("0:0:0:0:0:0:0:1") ? "::1" : text;
    }

    /** Names of processes by the sockets they have; as their own user, because nobody else may look there. */
    private Map<Long, String> processes() throws IOException {
        var process = user.program(
                        "command",
                        user.environment(),
                        Path.of("/"),
                        List.of("/bin/sh", "-c", "exec ls -l /proc/[0-9]*/fd 2>/dev/null"))
                .redirectErrorStream(true)
                .start();
        var names = new HashMap<Long, String>();
        var mine = config.hasOneUser()
                ? ProcessHandle.current().descendants().map(ProcessHandle::pid).collect(Collectors.toSet())
                : Set.<Long>of();
        long pid = 0;
        for (var line : new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList()) {
            var folder = FOLDER.matcher(line);
            if (folder.matches()) {
                pid = Long.parseLong(folder.group(1));
                continue;
            }
            var socket = SOCKET.matcher(line);
            if (socket.find() && (!config.hasOneUser() || mine.contains(pid))) {
                names.put(Long.parseLong(socket.group(1)), nameOf(pid));
            }
        }
        return names;
    }

    private static String nameOf(long pid) {
        try {
            return Files.readString(Path.of("/proc/" + pid + "/comm")).strip();
        } catch (IOException gone) {
            return "";
        }
    }
}
