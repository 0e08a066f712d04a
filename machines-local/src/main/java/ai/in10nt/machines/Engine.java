package ai.in10nt.machines;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.exception.NotModifiedException;
import com.github.dockerjava.api.model.Frame;
import com.github.dockerjava.api.model.StreamType;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The few calls of the Docker Engine API that machines need: create, start, signal, pause, wait, exec, attach, log, inspect, list and
 * remove of our own containers, pull of an image, the engine's events. Containers are named.
 */
final class Engine {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final Duration PULL_PATIENCE = Duration.ofMinutes(10);

    private static final int LOG_LINES = 200;

    private final DockerClient client;
    private final @Nullable InspectContainerResponse self;
    private final ContainerStates states;

    /** @param labels those of all containers that are ours */
    Engine(Map<String, String> labels) {
        var settings = DefaultDockerClientConfig.createDefaultConfigBuilder().build();
        this.client = DockerClientImpl.getInstance(
                settings,
                new ZerodepDockerHttpClient.Builder()
                        .dockerHost(settings.getDockerHost())
                        .connectionTimeout(Duration.ofSeconds(5))
                        .build());
        this.states = new ContainerStates(client, labels);
        this.self = findSelf();
    }

    String version() {
        try {
            return "Docker " + client.versionCmd().exec().getVersion();
        } catch (RuntimeException e) {
            throw new IllegalStateException("no Docker engine answers: " + e.getMessage(), e);
        }
    }

    /** The container that this process is in, where it is one of this engine's. */
    private @Nullable InspectContainerResponse findSelf() {
        try {
            var id = ownContainer();
            return id.isPresent() ? client.inspectContainerCmd(id.get()).exec() : null;
        } catch (NotFoundException anotherEngines) {
            return null;
        }
    }

    /** The id of the container that this process is in, as the engine names its host unless told otherwise. */
    static Optional<String> ownContainer() {
        try {
            var name = Files.readString(Path.of("/etc/hostname")).strip();
            return Files.exists(Path.of("/.dockerenv")) && name.matches("[0-9a-f]{12}")
                    ? Optional.of(name)
                    : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Where the engine's own host has what this process sees at a path. */
    Path hostPath(Path path) {
        if (self == null || self.getMounts() == null) {
            return path;
        }
        for (var mount : self.getMounts()) {
            var here = Path.of(String.valueOf(mount.getDestination()));
            if (path.startsWith(here) && mount.getSource() != null) {
                return Path.of(mount.getSource()).resolve(here.relativize(path));
            }
        }
        throw new IllegalStateException(path + " isn't on a volume of this container");
    }

    void create(String image, Consumer<CreateContainerCmd> description) {
        try {
            createNow(image, description);
        } catch (NotFoundException noSuchImage) {
            pull(image);
            createNow(image, description);
        }
    }

    private void createNow(String image, Consumer<CreateContainerCmd> description) {
        try (var command = client.createContainerCmd(image)) {
            description.accept(command);
            var _ = command.exec();
        }
        states.changed();
    }

    private void pull(String image) {
        try {
            var named = image.contains(":") ? image : image + ":latest";
            client.pullImageCmd(named).start().awaitCompletion(PULL_PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    void start(String name) {
        client.startContainerCmd(name).exec();
        states.changed();
    }

    /** The whole of what a container's main program reads. */
    void write(String name, byte[] input) throws IOException {
        var attached = new ResultCallback.Adapter<Frame>();
        try (attached) {
            client.attachContainerCmd(name)
                    .withStdIn(new ByteArrayInputStream(input))
                    .withFollowStream(true)
                    .exec(attached);
            // It has all of it when it no longer asks: then its program runs, or it has ended.
            if (Host.await(PATIENCE, () -> !isUp(name) || hasRead(name)).isEmpty()) {
                throw new IOException(name + " hasn't read its files within " + PATIENCE.toSeconds() + " s");
            }
        }
    }

    /** The boot program replaces itself once it has read the last line. */
    private boolean hasRead(String name) {
        try {
            var processes = client.topContainerCmd(name)
                    .withPsArgs("-o pid,args")
                    .exec()
                    .getProcesses();
            return processes != null
                    && Arrays.stream(processes)
                            .noneMatch(row -> String.join(" ", row).contains(DockerDriver.BOOT));
        } catch (NotFoundException | ConflictException ended) {
            return true;
        }
    }

    int await(String name, Duration atMost) {
        return client.waitContainerCmd(name).start().awaitStatusCode(atMost.toMillis(), TimeUnit.MILLISECONDS);
    }

    void signal(String name, String signal) {
        try {
            client.killContainerCmd(name).withSignal(signal).exec();
        } catch (NotFoundException | ConflictException doesNotRun) {
            // Then there is nobody to tell.
        }
        states.changed();
    }

    void pause(String name) {
        client.pauseContainerCmd(name).exec();
        states.changed();
    }

    void unpause(String name) {
        client.unpauseContainerCmd(name).exec();
        states.changed();
    }

    /** Runs or not, there or not: it is gone then. */
    void remove(String name) {
        try {
            client.removeContainerCmd(name)
                    .withForce(true)
                    .withRemoveVolumes(true)
                    .exec();
        } catch (NotFoundException | NotModifiedException gone) {
            // As it is to be.
        } catch (ConflictException isBeingRemoved) {
            if (Host.await(PATIENCE, () -> inspect(name).isEmpty()).isEmpty()) {
                throw isBeingRemoved;
            }
        }
        states.changed();
    }

    String log(String name) {
        var text = new ByteArrayOutputStream();
        try (var output = new Output(text, text)) {
            client.logContainerCmd(name)
                    .withStdOut(true)
                    .withStdErr(true)
                    .withTail(LOG_LINES)
                    .exec(output)
                    .awaitCompletion(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        } catch (NotFoundException gone) {
            return "";
        } catch (IOException e) {
            return e.toString();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return text.toString(StandardCharsets.UTF_8);
    }

    Driver.ExecResult exec(String name, List<String> command, Duration timeout) {
        var out = new ByteArrayOutputStream();
        var err = new ByteArrayOutputStream();
        long began = System.nanoTime();
        try (var output = new Output(out, err)) {
            var id = client.execCreateCmd(name)
                    .withAttachStdout(true)
                    .withAttachStderr(true)
                    .withCmd(command.toArray(String[]::new))
                    .exec()
                    .getId();
            boolean isOver = client.execStartCmd(id)
                    .exec(output)
                    .awaitCompletion(timeout.plusSeconds(2).toMillis(), TimeUnit.MILLISECONDS);
            var code = Optional.ofNullable(client.inspectExecCmd(id).exec().getExitCodeLong());
            boolean isTimedOut = !isOver
                    || (code.orElse(0L) == 137
                            && Duration.ofNanos(System.nanoTime() - began).compareTo(timeout) >= 0);
            return new Driver.ExecResult(
                    isTimedOut ? 124 : code.orElse(0L).intValue(),
                    isTimedOut,
                    out.toString(StandardCharsets.UTF_8),
                    err.toString(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new IllegalStateException(name + ": " + String.join(" ", command), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    boolean isUp(String name) {
        var state = states.of(name);
        return state.equals("running") || state.equals("paused");
    }

    boolean isPaused(String name) {
        return states.of(name).equals("paused");
    }

    OptionalInt exitCode(String name) {
        return inspect(name)
                .map(InspectContainerResponse::getState)
                .filter(state -> "exited".equals(state.getStatus()) || "dead".equals(state.getStatus()))
                .map(state -> state.getExitCodeLong() == null
                        ? OptionalInt.empty()
                        : OptionalInt.of(state.getExitCodeLong().intValue()))
                .orElse(OptionalInt.empty());
    }

    boolean wasOutOfMemory(String name) {
        return inspect(name)
                .map(container -> Boolean.TRUE.equals(container.getState().getOOMKilled()))
                .orElse(false);
    }

    private Optional<InspectContainerResponse> inspect(String name) {
        try {
            return Optional.of(client.inspectContainerCmd(name).exec());
        } catch (NotFoundException gone) {
            return Optional.empty();
        }
    }

    /** What a program writes, as its frames say. */
    private static final class Output extends ResultCallback.Adapter<Frame> {
        private final ByteArrayOutputStream out;
        private final ByteArrayOutputStream err;

        Output(ByteArrayOutputStream out, ByteArrayOutputStream err) {
            this.out = out;
            this.err = err;
        }

        @Override
        public void onNext(Frame frame) {
            (frame.getStreamType() == StreamType.STDERR ? err : out).writeBytes(frame.getPayload());
        }
    }
}
