package ai.in10nt.stack;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** One process of the stack: started, started again within a second or two when it dies, stopped when asked to. */
final class Supervised {
    private static final Duration AGAIN = Duration.ofMillis(400);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(2);
    private static final long MAX_LOG_BYTES = 50L * 1024 * 1024;

    /**
     * What to start and when it is ready.
     *
     * @param url where it listens, for people
     * @param command asked for at each start, so that it is for what is built by then
     */
    record Definition(
            String name,
            String url,
            Supplier<List<String>> command,
            Map<String, String> env,
            BooleanSupplier isReady) {}

    private final Definition definition;
    private final Home home;
    private final Duration patience;
    private volatile @Nullable Process process;
    private volatile boolean isStopping;
    private final AtomicInteger restarts = new AtomicInteger();

    /**
     * Not started yet.
     *
     * @param patience how long it may take to stop, until it is killed
     */
    Supervised(Definition definition, Home home, Duration patience) {
        this.patience = patience;
        this.definition = definition;
        this.home = home;
    }

    String name() {
        return definition.name();
    }

    Definition definition() {
        return definition;
    }

    /** How often the process has been started again since the stack started. */
    private static Path restarts(Home home, String name) {
        return home.at("run/" + name + ".restarts");
    }

    /** Stopped by {@code ./dev stop NAME}, until {@code ./dev start NAME}. */
    private static boolean isHeld(Home home, String name) {
        return Files.exists(held(home, name));
    }

    private static Path held(Home home, String name) {
        return home.at("run/" + name + ".held");
    }

    static void hold(Home home, String name, boolean isHeld) {
        try {
            if (isHeld) {
                Home.write(held(home, name), "");
            } else {
                Files.deleteIfExists(held(home, name));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void start() {
        hold(home, name(), false);
        Home.write(restarts(home, name()), "0\n");
        Thread.ofVirtual().name(definition.name()).start(this::supervise);
    }

    private void supervise() {
        var pause = AGAIN;
        while (!isStopping) {
            var started = Instant.now();
            try {
                if (isHeld(home, name())) {
                    TimeUnit.MILLISECONDS.sleep(AGAIN.toMillis());
                    continue;
                }
                var end = runOnce();
                if (isStopping) {
                    return;
                }
                Home.write(restarts(home, name()), restarts.incrementAndGet() + "\n");
                boolean livedLong = started.plusSeconds(20).isBefore(Instant.now());
                pause = livedLong ? AGAIN : min(pause.multipliedBy(2), LONGEST_PAUSE);
                System.out.println(name() + " " + end + "; it is started again");
                TimeUnit.MILLISECONDS.sleep(pause.toMillis());
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** How it came to its end. */
    private String runOnce() throws InterruptedException {
        List<String> command;
        try {
            command = definition.command().get();
        } catch (UncheckedIOException e) {
            // A build is at its jars.
            return "can't be started yet: " + e.getCause();
        }
        var running = launch(command);
        return running == null ? "is to stop" : "ended with " + running.waitFor();
    }

    private static Duration min(Duration a, Duration b) {
        return a.compareTo(b) < 0 ? a : b;
    }

    /** Null when it is to stop. */
    private synchronized @Nullable Process launch(List<String> program) {
        if (isStopping) {
            return null;
        }
        try {
            var log = home.at("logs/" + definition.name() + ".log");
            rotate(log);
            // A session of its own: Ctrl-C is for the stack alone, which then stops all in order.
            var command = new ArrayList<>(List.of("setsid"));
            command.addAll(program);
            var builder = new ProcessBuilder(command)
                    .directory(home.folder().toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
            builder.environment().keySet().removeIf(name -> name.startsWith("IN10NT_") || Providers.isSecret(name));
            builder.environment().putAll(definition.env());
            builder.environment().put("PROCESS_RESTARTS", restarts.toString());
            var started = builder.start();
            process = started;
            Pids.remember(home, definition.name(), started.pid());
            return started;
        } catch (IOException e) {
            throw new UncheckedIOException(definition.name() + " can't be started", e);
        }
    }

    private static void rotate(Path log) throws IOException {
        if (Files.exists(log) && Files.size(log) > MAX_LOG_BYTES) {
            Files.move(
                    log,
                    log.resolveSibling(log.getFileName() + ".1"),
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
        }
    }

    boolean isReady() {
        var running = process;
        return running != null && running.isAlive() && definition.isReady().getAsBoolean();
    }

    /** Failed to stay up while it was to become ready. */
    boolean hasDied() {
        return restarts.get() > 0;
    }

    private synchronized @Nullable Process last() {
        isStopping = true;
        return process;
    }

    void stop() {
        var running = last();
        if (running == null) {
            return;
        }
        running.destroy();
        try {
            if (!running.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                running.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            running.destroyForcibly();
            Thread.currentThread().interrupt();
        }
        Pids.forget(home, definition.name());
    }
}
