package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A socket that takes the calls of {@link EngineRules} and passes them on to the engine's own, which is as much as root of the host. So
 * machines-local, which others talk to, doesn't have that one. One call a connection; what is passed on is written anew from what was
 * read, so that the engine reads nothing else into it.
 */
public final class EngineGuard {
    private final UnixDomainSocketAddress engine;
    private final EngineRules rules;
    /** Names of machines that were seen to be, until they are removed. */
    private final Set<String> ours = ConcurrentHashMap.newKeySet();

    private volatile String project = "";
    private volatile @Nullable String folder;

    private EngineGuard(Path engine, String network, @Nullable String folder) {
        this.engine = UnixDomainSocketAddress.of(engine);
        this.rules = new EngineRules(network);
        this.folder = folder;
    }

    /**
     * By environment: {@code GUARD_LISTEN} and {@code GUARD_ENGINE}, the paths of both sockets; {@code MACHINES_NETWORK}; and
     * {@code GUARD_FOLDER}, that of machines-local, where it is in no container. In one, the guard is of the same project as
     * machines-local, which may look at itself.
     */
    public static void main(String[] arguments) throws IOException {
        var env = System.getenv();
        var guard = new EngineGuard(
                Path.of(env.getOrDefault("GUARD_ENGINE", "/var/run/docker.sock")),
                env.getOrDefault("MACHINES_NETWORK", "in10nt-machines"),
                env.get("GUARD_FOLDER"));
        var self = Engine.ownContainer();
        if (self.isPresent()) {
            guard.project = labels(guard.ask(inspect(self.get())))
                    .path(EngineRules.PROJECT)
                    .asText();
        }
        if (guard.project.isEmpty() && guard.folder == null) {
            // Started again, it may be told.
            throw new IllegalStateException("the engine doesn't say of which project this container is");
        }
        var listen = Path.of(env.getOrDefault("GUARD_LISTEN", "/run/engine/docker.sock"));
        Files.deleteIfExists(listen);
        try (var server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(listen));
            System.out.println("the engine is guarded at " + listen);
            while (true) {
                var client = server.accept();
                Thread.ofVirtual().start(() -> serve(guard, client));
            }
        }
    }

    private static void serve(EngineGuard guard, SocketChannel client) {
        try (client) {
            guard.take(client);
        } catch (IOException | UncheckedIOException e) {
            // Either side may hang up at any time.
            System.err.println("a call was cut off: " + e.getMessage());
        }
    }

    private void take(SocketChannel client) throws IOException {
        var out = Channels.newOutputStream(client);
        EngineCall call;
        try {
            call = EngineCall.read(Channels.newInputStream(client));
        } catch (IllegalArgumentException e) {
            refuse(out, 400, String.valueOf(e.getMessage()));
            return;
        }
        if (EngineRules.isLook(call)) {
            look(call, out);
            return;
        }
        Optional<String> refusal;
        try {
            // Only a creation needs it.
            refusal = rules.refusal(call, call.toString().equals(EngineRules.CREATE) ? folder() : null);
        } catch (UncheckedIOException e) {
            refusal = Optional.of("that isn't JSON, or not in one way only: " + e.getMessage());
        }
        if (refusal.isPresent()) {
            refuse(out, 403, refusal.get());
            return;
        }
        var named = EngineRules.named(call);
        if (named.isPresent() && !isOurs(named.get())) {
            refuse(out, 403, named.get() + " is of another network");
            return;
        }
        if (call.method().equals("DELETE")) {
            named.ifPresent(ours::remove);
        }
        try (var other = connect()) {
            pass(EngineRules.passed(call), client, other);
        } catch (ClosedChannelException isOver) {
            // The client has what it wanted, and has hung up.
        } catch (IOException e) {
            throw new IOException(call + ": " + e.getMessage(), e);
        }
    }

    /** One that isn't there is nobody's: the engine says so. */
    private boolean isOurs(String name) throws IOException {
        if (ours.contains(name)) {
            return true;
        }
        var seen = ask(inspect(name));
        if (!seen.status().equals("200")) {
            return true;
        }
        boolean isOurs = rules.isOurs(labels(seen));
        if (isOurs) {
            ours.add(name);
        }
        return isOurs;
    }

    private SocketChannel connect() throws IOException {
        var other = SocketChannel.open(StandardProtocolFamily.UNIX);
        other.connect(engine);
        return other;
    }

    private static void refuse(OutputStream out, int status, String why) throws IOException {
        System.err.println("refused: " + why);
        answer(out, status, Json.bytes(Map.of("message", why)));
    }

    private static void answer(OutputStream out, int status, byte[] body) throws IOException {
        var head = "HTTP/1.1 " + status
                + " guarded\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: " + body.length
                + "\r\n\r\n";
        out.write(head.getBytes(StandardCharsets.US_ASCII));
        out.write(body);
        out.flush();
    }

    /** The answer as it comes, until the engine ends it; where both agreed on another protocol, what the client sends as well. */
    private static void pass(EngineCall call, SocketChannel client, SocketChannel other) throws IOException {
        var to = Channels.newOutputStream(other);
        var from = Channels.newInputStream(other);
        var back = Channels.newOutputStream(client);
        to.write(call.written());
        to.flush();
        var head = EngineCall.head(from);
        back.write(head);
        back.flush();
        boolean isUpgraded =
                call.isUpgrade() && new String(head, StandardCharsets.ISO_8859_1).startsWith("HTTP/1.1 101 ");
        var watch = Thread.ofVirtual().start(() -> follow(client, isUpgraded ? to : null, other));
        try {
            copy(from, back);
        } finally {
            watch.interrupt();
        }
    }

    /** Until the client hangs up: then the engine needn't answer either. */
    private static void follow(SocketChannel client, @Nullable OutputStream to, SocketChannel other) {
        try {
            copy(Channels.newInputStream(client), to == null ? OutputStream.nullOutputStream() : to);
            if (to == null) {
                other.close();
            } else {
                other.shutdownOutput();
            }
        } catch (IOException isOver) {
            // The answer has ended.
        }
    }

    private static void copy(InputStream from, OutputStream to) throws IOException {
        var buffer = new byte[16 * 1024];
        for (int count = from.read(buffer); count >= 0; count = from.read(buffer)) {
            to.write(buffer, 0, count);
            to.flush();
        }
    }

    /** Machines-local alone sees itself. */
    private void look(EngineCall call, OutputStream out) throws IOException {
        var whole = ask(call);
        if (!whole.status().equals("200")) {
            answer(out, Integer.parseInt(whole.status()), whole.body().getBytes(StandardCharsets.UTF_8));
            return;
        }
        if (!EngineRules.isDriverOf(project, labels(whole))) {
            refuse(out, 403, "machines-local looks at itself alone");
            return;
        }
        answer(out, 200, whole.body().getBytes(StandardCharsets.UTF_8));
    }

    /** Asked for, not told by machines-local's own look at itself: that one looks when it starts, and the guard may start later. */
    private @Nullable String folder() throws IOException {
        if (folder == null && !project.isEmpty()) {
            for (var container : Json.read(ask(get("/containers/json?all=1")).body(), JsonNode.class)) {
                for (var mount : container.path("Mounts")) {
                    var source = mount.path("Source").asText();
                    if (EngineRules.isDriverOf(project, container.path("Labels"))
                            && mount.path("Destination").asText().equals("/machines")
                            && !source.isEmpty()) {
                        folder = source;
                    }
                }
            }
        }
        return folder;
    }

    private static EngineCall inspect(String container) throws IOException {
        return get("/containers/" + container + "/json");
    }

    private static EngineCall get(String target) throws IOException {
        return EngineCall.read(
                new ByteArrayInputStream(("GET " + target + " HTTP/1.1\r\n\r\n").getBytes(StandardCharsets.US_ASCII)));
    }

    private static JsonNode labels(Whole inspected) {
        return Json.read(inspected.body(), JsonNode.class).path("Config").path("Labels");
    }

    private record Whole(String status, String body) {}

    /** HTTP/1.0: the end of the connection is the end of the body. */
    private Whole ask(EngineCall call) throws IOException {
        try (var other = connect()) {
            var to = Channels.newOutputStream(other);
            var from = Channels.newInputStream(other);
            to.write(call.writtenAs("HTTP/1.0"));
            to.flush();
            var head = new String(EngineCall.head(from), StandardCharsets.ISO_8859_1);
            return new Whole(
                    Optional.of(head.split(" ", 3))
                            .filter(words -> words.length == 3)
                            .orElseThrow()[1],
                    new String(from.readAllBytes(), StandardCharsets.UTF_8));
        }
    }
}
