package ai.in10nt.stories;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** Reads the stream of a log as a browser does: goes on behind the last id after every cut. */
public final class LogReader {
    private static final int SILENCE_MS = 20_000;
    private static final int PAUSE_MS = 100;
    private static final int MOST_OF_A_REFUSAL = 1000;

    private final Supplier<String> url;
    private final String key;
    private final List<JsonNode> lines = Collections.synchronizedList(new ArrayList<>());
    private final List<String> eventIds = Collections.synchronizedList(new ArrayList<>());
    private @Nullable String lastId;
    private volatile boolean isOver;
    private volatile String refusal = "";

    /** @param url of the stream, asked for before each connection; its {@code from} counts until there is an id */
    public LogReader(Supplier<String> url, String key) {
        this.url = url;
        this.key = key;
    }

    LogReader(String url, String key) {
        this(() -> url, key);
    }

    /** Goes on behind an event. */
    LogReader(String url, String key, String lastId) {
        this(url, key);
        this.lastId = lastId;
    }

    /** As the stream has them. */
    List<String> eventIds() {
        return List.copyOf(eventIds);
    }

    public List<JsonNode> lines() {
        return List.copyOf(lines);
    }

    public List<Long> ids() {
        return lines().stream().map(line -> line.path("id").asLong()).toList();
    }

    List<String> messages() {
        return lines().stream().map(line -> line.path("message").asText()).toList();
    }

    public boolean isOver() {
        return isOver;
    }

    /** The last answer that was no stream; empty: there was none. */
    public String refusal() {
        return refusal;
    }

    /** Reads at most so many lines over one connection, and cuts it. */
    void readAndCut(int most) {
        try {
            read(_ -> false, most);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** The same, where what is read from may die at any moment: then it is asked again, or another in its place. */
    public void readAndCutAmongFaults(int most) throws InterruptedException {
        try {
            read(_ -> false, most);
        } catch (IOException cut) {
            TimeUnit.MILLISECONDS.sleep(PAUSE_MS);
        }
    }

    /** Until a line is such a one, or there will be none; connects again as often as needed. */
    LogReader readUntil(Predicate<JsonNode> last, Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (System.nanoTime() < deadline) {
            try {
                if (read(last, Integer.MAX_VALUE)) {
                    return this;
                }
            } catch (IOException cut) {
                LockSupport.parkNanos(Duration.ofMillis(PAUSE_MS).toNanos());
            }
        }
        throw new AssertionError("not within " + patience + ", after line " + lastId + ": "
                + (lines.isEmpty() ? "" : lines.getLast()) + " " + refusal);
    }

    private boolean read(Predicate<JsonNode> last, int most) throws IOException {
        var connection = (HttpURLConnection) URI.create(url.get()).toURL().openConnection();
        connection.setReadTimeout(SILENCE_MS);
        connection.setConnectTimeout(1000);
        connection.setRequestProperty("Authorization", "Bearer " + key);
        if (lastId != null) {
            connection.setRequestProperty("Last-Event-ID", lastId);
        }
        int status = connection.getResponseCode();
        if (status == 204) {
            isOver = true;
            return true;
        }
        if (status >= 400) {
            var body = connection.getErrorStream();
            refusal = status + " "
                    + (body == null ? "" : new String(body.readNBytes(MOST_OF_A_REFUSAL), StandardCharsets.UTF_8));
        }
        int count = 0;
        try (var in = new BufferedReader(new InputStreamReader(connection.getInputStream(), StandardCharsets.UTF_8))) {
            String id = null;
            for (var line = in.readLine(); line != null; line = in.readLine()) {
                if (line.startsWith("id: ")) {
                    id = line.substring("id: ".length());
                } else if (line.equals("event: end")) {
                    isOver = true;
                    return true;
                } else if (line.startsWith("data: ") && id != null) {
                    lastId = id;
                    eventIds.add(id);
                    id = null;
                    lines.add(Json.read(line.substring("data: ".length()), JsonNode.class));
                    if (last.test(lines.getLast())) {
                        return true;
                    }
                    if (++count == most) {
                        return false;
                    }
                }
            }
        } finally {
            connection.disconnect();
        }
        return false;
    }
}
