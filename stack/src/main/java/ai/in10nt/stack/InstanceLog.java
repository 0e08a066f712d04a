package ai.in10nt.stack;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** {@code ./dev logs --instance ID [-f]}: what is stored of an instance's log, and what comes. */
final class InstanceLog {
    private static final int AGAIN_MS = 500;

    private final Gateway gateway;
    private final String path;
    private @Nullable String lastId;

    InstanceLog(Gateway gateway, String instanceId) {
        this.gateway = gateway;
        this.path = "/instances/" + instanceId + "/logs";
    }

    static void print(Settings settings, Home home, List<String> words) throws IOException {
        var gateway = new Gateway(
                "http://127.0.0.1:" + settings.gatewayPort(1),
                Files.readString(home.at("secrets/api-key")).strip());
        var log = new InstanceLog(gateway, words.getFirst());
        log.stored(line -> System.out.println(text(line)));
        if (words.contains("-f")) {
            log.follow(line -> {
                System.out.println(text(line));
                return false;
            });
        }
    }

    private static String text(JsonNode line) {
        return line.path("timestamp").asText() + " " + brief(line);
    }

    /** As it is shown while something is waited for. */
    static String brief(JsonNode line) {
        return String.format(
                Locale.ROOT,
                "%-6s %s",
                line.path("type").asText(),
                line.path("message").asText());
    }

    private void stored(Consumer<JsonNode> reader) {
        for (var line : gateway.get(path)) {
            lastId = line.path("id").asText();
            reader.accept(line);
        }
    }

    /**
     * Goes on behind the last line after every cut, until there will be none.
     *
     * @param isLast whether this line was enough
     */
    void follow(Predicate<JsonNode> isLast) {
        while (true) {
            try (var lines = gateway.stream(path + (lastId == null ? "?from=start" : ""), lastId)) {
                boolean isOver = lines.anyMatch(text -> {
                    if (!text.startsWith("data: {\"id\"")) {
                        return text.equals("event: end");
                    }
                    var line = Json.read(text.substring("data: ".length()), JsonNode.class);
                    lastId = line.path("id").asText();
                    return isLast.test(line);
                });
                if (isOver) {
                    return;
                }
            } catch (UncheckedIOException cut) {
                // It goes on where it was cut.
            }
            try {
                TimeUnit.MILLISECONDS.sleep(AGAIN_MS);
            } catch (InterruptedException e) {
                return;
            }
        }
    }
}
