package ai.in10nt.stack;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Keyset;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * New keys for the values of integrations, while everything runs. Whoever opens has a key before anybody seals
 * by it, and it goes when nothing needs it any more: what was wrapped by it is sealed anew at once; what is on Kafka has {@link #KEPT}.
 * One that was interrupted goes on where it stood.
 */
final class KeyRotation {
    /** Commands are on their topic for 7 days. */
    private static final Duration KEPT = Duration.ofDays(8);

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final String PRIVATE = "integration-private.json";
    private static final String PUBLIC = "integration-public.json";
    private static final String WRAPPING = "integration-wrapping.json";
    private static final String RETIRED = "keys/integration-retired.json";
    private static final String ROTATED = "keys/rotated";
    private static final String NEVER_ROTATED = "keys/agent-access.key";

    private final Home home;
    private final KeyHolders holders;
    private final Consumer<String> tell;

    private KeyRotation(Home home, KeyHolders holders, Consumer<String> tell) {
        this.home = home;
        this.holders = holders;
        this.tell = tell;
    }

    /** @param tell is told of each step */
    static void run(Home home, KeyHolders holders, Consumer<String> tell) {
        try (var file = FileChannel.open(home.at("run/rotating"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                var lock = file.tryLock()) {
            if (lock == null) {
                throw new Stack.Trouble("The keys are being rotated just now.");
            }
            var rotation = new KeyRotation(home, holders, tell);
            rotation.mustRun("integration-service");
            rotation.mustRun("api-gateway");
            rotation.pair();
            rotation.wrapping();
            Home.write(home.at(ROTATED), Instant.now() + "\n");
        } catch (OverlappingFileLockException e) {
            throw new Stack.Trouble("The keys are being rotated just now.");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** When the last one ended; at first, when the keys were made. */
    static Instant last(Home home) {
        try {
            return Files.exists(home.at(ROTATED))
                    ? Instant.parse(Files.readString(home.at(ROTATED)).strip())
                    : Files.getLastModifiedTime(home.at(NEVER_ROTATED)).toInstant();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void pair() {
        var keyset = read(PRIVATE);
        if (Keyset.primary(keyset) == Keyset.primary(read(PUBLIC))) {
            keyset = Keyset.PAIR.usingNewest(Keyset.PAIR.withAnother(withoutExpired(keyset)));
            renew(PRIVATE, keyset);
        } else {
            // One that was interrupted may have been written and not given.
            holders.hand(PRIVATE);
        }
        long key = Keyset.primary(keyset);
        await("integration-service", "opens what is sealed by key " + key, is("keyset_integration_primary", key));
        renew(PUBLIC, Keyset.PAIR.publicOf(keyset));
        await("api-gateway", "seals by key " + key, is("keyset_integration_primary", key));
        retireOthers(keyset);
        tell.accept("gateways seal by key " + key + "; older keys that open what is still on its way: "
                + (Keyset.ids(keyset).size() - 1));
    }

    /** Those that nobody has sealed by for so long that nothing of theirs is on Kafka any more. */
    private String withoutExpired(String keyset) {
        var expired = retired().entrySet().stream()
                .filter(entry -> Instant.parse(entry.getValue()).plus(KEPT).isBefore(Instant.now()))
                .map(entry -> Long.parseLong(entry.getKey()))
                .filter(id -> id != Keyset.primary(keyset))
                .collect(Collectors.toSet());
        expired.forEach(id -> tell.accept("key " + id + " goes: what it sealed is kept nowhere"));
        return Keyset.PAIR.without(keyset, expired);
    }

    /** From now on nobody seals by the others. */
    private void retireOthers(String keyset) {
        var known = retired();
        var retired = new TreeMap<String, String>();
        for (var id : Keyset.ids(keyset)) {
            if (id != Keyset.primary(keyset)) {
                retired.put(
                        String.valueOf(id),
                        known.getOrDefault(String.valueOf(id), Instant.now().toString()));
            }
        }
        Home.keep(home.at(RETIRED), Json.text(retired) + "\n");
    }

    private Map<String, String> retired() {
        var times = new TreeMap<String, String>();
        if (Files.exists(home.at(RETIRED))) {
            Json.read(text(RETIRED), JsonNode.class)
                    .properties()
                    .forEach(entry -> times.put(entry.getKey(), entry.getValue().asText()));
        }
        return times;
    }

    private void wrapping() {
        var keyset = read(WRAPPING);
        var ids = Keyset.ids(keyset);
        if (ids.getLast() == Keyset.primary(keyset)) {
            keyset = Keyset.WRAPPING.withAnother(keyset);
            ids = Keyset.ids(keyset);
            renew(WRAPPING, keyset);
        } else {
            holders.hand(WRAPPING);
        }
        long key = ids.getLast();
        int keys = ids.size();
        await("integration-service", "has key " + key, is("keyset_wrapping_keys", keys));
        keyset = Keyset.WRAPPING.usingNewest(keyset);
        renew(WRAPPING, keyset);
        await("integration-service", "wraps by key " + key, is("keyset_wrapping_primary", key));
        await(
                "integration-service",
                "has sealed everything anew",
                metrics -> is("keyset_wrapping_primary", key).test(metrics)
                        && is("integration_reseal_left", 0).test(metrics));
        renew(
                WRAPPING,
                Keyset.WRAPPING.without(
                        keyset, ids.stream().filter(id -> id != key).collect(Collectors.toSet())));
        await("integration-service", "has key " + key + " alone", is("keyset_wrapping_keys", 1));
        tell.accept("all that is stored is sealed anew; key " + key + " wraps it, the older one is gone");
    }

    private static Predicate<Map<String, Long>> is(String metric, long value) {
        return metrics -> metrics.getOrDefault(metric, -1L) == value;
    }

    /** Until each replica says so; one that is away now reads the new files when it starts. */
    private void await(String module, String what, Predicate<Map<String, Long>> says) {
        Status.await(
                PATIENCE,
                () -> mustRun(module).stream().map(Metrics::at).allMatch(says),
                () -> "Not every " + module + " " + what + " after " + PATIENCE.toSeconds()
                        + " s. Nothing is lost; try again when all is ready.");
    }

    private List<String> mustRun(String module) {
        var replicas = holders.metrics(module);
        if (replicas.isEmpty()) {
            throw new Stack.Trouble("No " + module
                    + " runs, and what is stored is sealed anew by those that do. Start the stack first.");
        }
        return replicas;
    }

    private void renew(String name, String keyset) {
        Home.keep(home.at("keys/" + name), keyset + "\n");
        holders.hand(name);
    }

    private String read(String name) {
        return text("keys/" + name);
    }

    private String text(String name) {
        try {
            return Files.readString(home.at(name)).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
