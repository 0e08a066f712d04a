package ai.in10nt.agent;

import ai.in10nt.contracts.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/** Runs, their events and the conversation, on the volume: each write is on disk before it returns. */
final class RunStore {
    private final Path folder;
    private final Masks masks;

    /** What outlives every run. */
    record Conversation(String session, long lastQueueNumber) {}

    RunStore(Path state, Masks masks) {
        this.masks = masks;
        this.folder = state.resolve("runs");
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Optional<Run> find(String taskId) {
        return read(folder.resolve(taskId + ".json"), Run.class);
    }

    void save(Run run) {
        write(folder.resolve(run.taskId() + ".json"), Json.bytes(run));
    }

    Conversation conversation() {
        return read(folder.resolve("conversation.json"), Conversation.class).orElse(new Conversation("", 0));
    }

    void save(Conversation conversation) {
        write(folder.resolve("conversation.json"), Json.bytes(conversation));
    }

    RunStream stream(String taskId) {
        return new RunStream(folder.resolve(taskId + ".events"), masks);
    }

    private static <T> Optional<T> read(Path file, Class<T> type) {
        try {
            return Files.exists(file) ? Optional.of(Json.read(Files.readAllBytes(file), type)) : Optional.empty();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void write(Path file, byte[] content) {
        try {
            var draft = file.resolveSibling(file.getFileName() + ".new");
            try (var channel = FileChannel.open(
                    draft, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                var buffer = ByteBuffer.wrap(content);
                while (buffer.hasRemaining()) {
                    channel.write(buffer);
                }
                channel.force(true);
            }
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
