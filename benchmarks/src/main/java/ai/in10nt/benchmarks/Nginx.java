package ai.in10nt.benchmarks;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;

/** A web server to be measured beside, on loopback. */
final class Nginx {
    private Nginx() {}

    /** @param folder with its {@code nginx.conf} */
    static Process start(Path folder, int port) throws IOException {
        var process = new ProcessBuilder("nginx", "-p", folder.toString(), "-c", "nginx.conf", "-e", "error.log")
                .inheritIO()
                .start();
        for (int i = 0; i < 100 && !listens(port); i++) {
            Target.pause(Duration.ofMillis(50));
        }
        return process;
    }

    private static boolean listens(int port) {
        try (var socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 200);
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }
}
