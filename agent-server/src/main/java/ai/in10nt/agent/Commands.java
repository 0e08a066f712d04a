package ai.in10nt.agent;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import ai.in10nt.contracts.AgentCommand;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;

/** Commands that users run beside the agent, as its user: each in a session of its own, which ends as one. */
final class Commands {
    private static final Pattern ID = Pattern.compile("cmd_[0-9a-z]{26}");
    private static final int TIMED_OUT = 124;
    private static final String SOURCE = "execute";
    /** Each may have three megabytes. */
    private static final int REMEMBERED = 4;

    private static final Duration NOTED_FOR = Duration.ofDays(2);

    private final AgentConfig config;
    private final AgentUser user;
    /** By SIGKILL, in a shell's way. */
    private static final int KILLED = 137;

    private final LogBook log;
    private final Path begun;
    /** The last ones, so that who asks again is told the same. */
    private final Map<String, CompletableFuture<AgentCommand.Result>> known = new LinkedHashMap<>();

    Commands(AgentConfig config, AgentUser user, LogBook log) throws IOException {
        this.log = log;
        this.config = config;
        this.user = user;
        this.begun = Files.createDirectories(config.state().resolve("commands"));
        forgetOldNotes();
    }

    /** Begins it, or finds it running or ended; empty: it still runs when the time is over. */
    Optional<AgentCommand.Result> put(String id, AgentCommand.Request request, Duration hold) {
        if (!ID.matcher(id).matches()) {
            throw new Refused(400, "bad_request", "not a command's id: " + id);
        }
        CompletableFuture<AgentCommand.Result> result;
        synchronized (known) {
            if (!known.containsKey(id)) {
                var mine = new CompletableFuture<AgentCommand.Result>();
                Thread.ofVirtual().name(id).start(() -> run(id, request, mine));
                known.put(id, mine);
                forgetOldest();
            }
            result = Objects.requireNonNull(known.get(id));
        }
        try {
            return Optional.of(result.get(hold.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        }
    }

    private void run(String id, AgentCommand.Request request, CompletableFuture<AgentCommand.Result> result) {
        try {
            var cwd = folder(request);
            note(id);
            result.complete(execute(request, cwd));
        } catch (IOException e) {
            result.completeExceptionally(new UncheckedIOException(e));
        } catch (RuntimeException e) {
            result.completeExceptionally(e);
        }
    }

    private void forgetOldest() {
        var oldest = known.entrySet().iterator();
        int surplus = known.size() - REMEMBERED;
        while (surplus > 0 && oldest.hasNext()) {
            if (oldest.next().getValue().isDone()) {
                oldest.remove();
                surplus--;
            }
        }
    }

    /** What was begun before a boot may have taken effect: it isn't begun again in silence. */
    private void note(String id) throws IOException {
        try (var note = FileChannel.open(begun.resolve(id), CREATE_NEW, WRITE)) {
            note.force(true);
        } catch (FileAlreadyExistsException e) {
            throw new Refused(
                    409,
                    "agent_lost",
                    "The machine went away while the command ran; whether it took effect is unknown.");
        }
    }

    /** Longer than anybody asks for them. */
    private void forgetOldNotes() throws IOException {
        var limit = Instant.now().minus(NOTED_FOR);
        try (var notes = Files.list(begun)) {
            for (var note : (Iterable<Path>) notes::iterator) {
                if (Files.getLastModifiedTime(note).toInstant().isBefore(limit)) {
                    Files.delete(note);
                }
            }
        }
    }

    private Path folder(AgentCommand.Request request) {
        var cwd = config.workspace().resolve(request.cwd() == null ? "" : request.cwd());
        if (!Files.isDirectory(cwd)) {
            throw new Refused(422, "cwd_not_found", "cwd: there is no folder " + cwd + ".");
        }
        return cwd;
    }

    /** How a program ended, for people. */
    static String exit(int code) {
        return code == KILLED
                ? "exit " + KILLED + ": killed, as the kernel does where memory has run out"
                : "exit " + code;
    }

    private AgentCommand.Result execute(AgentCommand.Request request, Path cwd) throws IOException {
        long began = System.nanoTime();
        log.add("system", SOURCE, null, "$ " + request.command());
        var process = user.program(
                        "command", user.environment(), cwd, List.of("setsid", shell(), "-c", request.command()))
                .redirectInput(Path.of("/dev/null").toFile())
                .start();
        var output = new Output(process, (type, line) -> log.add(type, SOURCE, null, line));
        try {
            boolean timedOut = !process.waitFor(request.timeoutMs(), TimeUnit.MILLISECONDS);
            if (timedOut) {
                end(process);
            }
            int exitCode = process.waitFor();
            output.settle();
            log.add("system", SOURCE, null, timedOut ? "timed out" : exit(exitCode));
            return output.result(
                    timedOut ? TIMED_OUT : exitCode,
                    TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - began),
                    timedOut);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static String shell() {
        return Files.isExecutable(Path.of("/bin/bash")) ? "/bin/bash" : "/bin/sh";
    }

    /** Asked to first, then made to, with all of its session that hasn't left it. */
    private void end(Process process) throws IOException, InterruptedException {
        signal("TERM", process);
        process.waitFor(2, TimeUnit.SECONDS);
        signal("KILL", process);
    }

    /** By its own user: this process may have another one, and not the right to end what that one runs. */
    private void signal(String name, Process leader) throws IOException, InterruptedException {
        var kill = List.of("/bin/sh", "-c", "kill -s " + name + " -- -" + leader.pid());
        user.program("command", user.environment(), config.workspace(), kill)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }
}
