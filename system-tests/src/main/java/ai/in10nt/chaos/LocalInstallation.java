package ai.in10nt.chaos;

import ai.in10nt.stories.Client;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A stack on this machine, as {@code ./dev up} started it.
 *
 * @param home its folder
 * @param port the gateway's; the others are at fixed distances from it
 */
public record LocalInstallation(Path home, int port) implements Installation {
    @Override
    public String url(int replica) {
        return "http://127.0.0.1:" + (replica == 1 ? port : port + 10_010 + replica);
    }

    @Override
    public String key() {
        return secret("api-key");
    }

    @Override
    public Client fly() {
        return new Client("http://127.0.0.1:" + (port + 10_004), secret("fly-token"));
    }

    @Override
    public Client model() {
        return new Client("http://127.0.0.1:" + (port + 10_005), "");
    }

    @Override
    public Map<String, Object> kafka() {
        return Map.of("bootstrap.servers", "127.0.0.1:" + (port + 10_001));
    }

    private String secret(String name) {
        return read(home.resolve("secrets/" + name)).strip();
    }

    @Override
    public List<String> basis() {
        return List.of("kafka", "postgresql", "machines-local");
    }

    @Override
    public List<String> services() {
        return processes().stream()
                .filter(name -> !basis().contains(name) && !name.equals("demo-model"))
                .toList();
    }

    /** Of every process that is supervised: {@code kafka}, {@code task-service-2}. */
    private List<String> processes() {
        try (Stream<Path> files = Files.list(home.resolve("run"))) {
            return files.map(file -> file.getFileName().toString())
                    .filter(name -> name.endsWith(".pid") && !name.equals("stack.pid"))
                    .map(name -> name.substring(0, name.length() - ".pid".length()))
                    .sorted()
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public int replicas() {
        return (int) processes().stream()
                .filter(name -> name.startsWith("api-gateway"))
                .count();
    }

    int wantedReplicas() {
        return Integer.parseInt(read(home.resolve("run/replicas")).strip());
    }

    /** As {@code ./dev scale} does it. */
    void scale(int count) {
        try {
            Files.writeString(home.resolve("run/replicas"), count + "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void awaitReplicas(int count) {
        Wait.until(() -> replicas() == count);
    }

    @Override
    public Set<String> ofNoMachine(Set<String> machines) {
        var folder = home.resolve("machines/machines") + "/";
        var processes = ProcessHandle.allProcesses()
                .map(process ->
                        process.pid() + " " + process.info().commandLine().orElse(""));
        return Stream.concat(processes, read(Path.of("/proc/mounts")).lines())
                .filter(line -> line.contains(folder))
                .filter(line -> machines.stream().noneMatch(id -> line.contains(folder + id)))
                .collect(Collectors.toSet());
    }

    @Override
    public Optional<ProcessHandle> process(String name) {
        var text = read(home.resolve("run/" + name + ".pid")).strip();
        return text.isEmpty() ? Optional.empty() : ProcessHandle.of(Long.parseLong(text.split(" ", -1)[0]));
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
