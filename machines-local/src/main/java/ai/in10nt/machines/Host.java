package ai.in10nt.machines;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Processes and files of this host, as drivers need them: every call has a time-out, every pid its start time. */
final class Host {
    private Host() {}

    /** Copies a script of ours out of the jar. */
    static Path install(String script, Path folder) {
        try (var source = Objects.requireNonNull(Host.class.getResourceAsStream(script))) {
            Files.createDirectories(folder);
            var target = folder.resolve(script);
            var content = source.readAllBytes();
            if (!Files.exists(target) || !java.util.Arrays.equals(Files.readAllBytes(target), content)) {
                Files.write(target, content);
            }
            Files.setPosixFilePermissions(target, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
            return target;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Driver.ExecResult run(Duration timeout, List<String> command) {
        Path out = null;
        Path err = null;
        try {
            // Files, not pipes: what the command leaves running may keep a pipe open for ever.
            out = Files.createTempFile("in10nt", ".out");
            err = Files.createTempFile("in10nt", ".err");
            var process = new ProcessBuilder(command)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .redirectOutput(out.toFile())
                    .redirectError(err.toFile())
                    .start();
            boolean ended = process.waitFor(timeout.toMillis(), TimeUnit.MILLISECONDS);
            if (!ended) {
                process.destroyForcibly();
            }
            return new Driver.ExecResult(ended ? process.exitValue() : 124, !ended, text(out), text(err));
        } catch (IOException e) {
            throw new UncheckedIOException(String.join(" ", command), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        } finally {
            delete(out);
            delete(err);
        }
    }

    static void mark(Path file) {
        write(file, "");
    }

    static void write(Path file, String text) {
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void delete(@org.jspecify.annotations.Nullable Path file) {
        try {
            if (file != null) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The content, stripped; empty where there is none. */
    static String read(Path file) {
        return text(file).strip();
    }

    private static String text(Path file) {
        try {
            return Files.exists(file) ? new String(Files.readAllBytes(file), StandardCharsets.UTF_8) : "";
        } catch (IOException e) {
            return "";
        }
    }

    /** Writes pid and start time, so that another process that gets the pid later isn't taken for it. */
    static void remember(Path file, long pid) {
        try {
            Files.writeString(file, pid + " " + startTime(pid).orElse(0L) + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static long pid(Path file) {
        var text = read(file);
        int space = text.indexOf(' ');
        return text.isEmpty() ? -1 : Long.parseLong(space < 0 ? text : text.substring(0, space));
    }

    /** Whether the process of a pid file lives; a zombie doesn't. */
    static boolean isAlive(Path file) {
        var text = read(file);
        if (text.isEmpty()) {
            return false;
        }
        var started = startTime(pid(file));
        int space = text.indexOf(' ');
        return started.isPresent() && (space < 0 || started.get() == Long.parseLong(text.substring(space + 1)));
    }

    /** Field 22 of {@code /proc/PID/stat}; empty where there is no such process, or only its zombie. */
    private static Optional<Long> startTime(long pid) {
        var stat = read(Path.of("/proc/" + pid + "/stat"));
        int end = stat.lastIndexOf(')');
        if (end < 0) {
            return Optional.empty();
        }
        var fields = stat.substring(end + 2).split(" ", -1);
        return fields[0].equals("Z") || fields[0].equals("X")
                ? Optional.empty()
                : Optional.of(Long.valueOf(fields[19]));
    }

    /** Ends a process that a tool of ours left, if the pid still is that tool. */
    static void killRemembered(Path pidFile, String name) {
        long pid = pid(pidFile);
        if (pid > 0 && read(Path.of("/proc/" + pid + "/comm")).startsWith(name)) {
            ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    /** Present when the condition came true in time. */
    static Optional<Boolean> await(Duration atMost, BooleanSupplier condition) {
        long deadline = System.nanoTime() + atMost.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                return Optional.empty();
            }
            pause(Duration.ofMillis(5));
        }
        return Optional.of(true);
    }

    static void pause(Duration duration) {
        try {
            TimeUnit.NANOSECONDS.sleep(duration.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
