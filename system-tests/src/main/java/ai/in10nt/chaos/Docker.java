package ai.in10nt.chaos;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Docker's command line, as users have it. */
public final class Docker {
    private static final Duration PATIENCE = Duration.ofMinutes(4);

    private Docker() {}

    /** What it prints, without the last line's end. */
    public static String docker(String... words) {
        var command = new ArrayList<>(List.of("docker"));
        command.addAll(List.of(words));
        return run(Path.of("."), Map.of(), command);
    }

    /** Docker Compose, whichever of its two is here, on the project's file. */
    public static String compose(Path project, Map<String, String> settings, String... words) {
        boolean isStandalone = Files.exists(Path.of("/usr/bin/docker-compose"));
        var command = new ArrayList<>(isStandalone ? List.of("docker-compose") : List.of("docker", "compose"));
        command.addAll(List.of(words));
        return run(project, settings, command);
    }

    private static String run(Path folder, Map<String, String> settings, List<String> command) {
        try {
            var errors = Files.createTempFile("in10nt-docker", ".err");
            try {
                return run(folder, settings, command, errors);
            } finally {
                Files.delete(errors);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String run(Path folder, Map<String, String> settings, List<String> command, Path errors)
            throws IOException {
        var builder = new ProcessBuilder(command).directory(folder.toFile()).redirectError(errors.toFile());
        builder.environment().putAll(settings);
        var process = builder.start();
        var guard = Thread.ofVirtual().start(() -> endLate(process));
        try (var out = process.getInputStream()) {
            var text = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new IOException(String.join(" ", command) + ": " + Files.readString(errors) + text);
            }
            return text;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } finally {
            guard.interrupt();
        }
    }

    private static void endLate(Process process) {
        try {
            if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException isOver) {
            Thread.currentThread().interrupt();
        }
    }
}
