package ai.in10nt.relay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A named place where a fault test may kill this process. Does nothing unless {@code IN10NT_FAILPOINTS} names a folder; there, a
 * file with the point's name means: die here, once. The file is taken away first, so the restarted process goes on.
 */
public final class FailPoint {
    private static final @Nullable String FOLDER = System.getenv("IN10NT_FAILPOINTS");

    private FailPoint() {}

    public static void reach(String name) {
        if (FOLDER == null) {
            return;
        }
        try {
            if (Files.deleteIfExists(Path.of(FOLDER, name))) {
                Runtime.getRuntime().halt(137);
            }
        } catch (IOException e) {
            throw new IllegalStateException("failpoint " + name, e);
        }
    }
}
