package ai.in10nt.chaos;

import ai.in10nt.contracts.Json;
import ai.in10nt.stories.Client;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** A client with a mind of its own: it creates, runs, stops, restarts, destroys, gives up in the middle and asks again. */
final class Caller implements Runnable {
    private static final int MOST_INSTANCES = 2;
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration IMPATIENCE = Duration.ofMillis(400);

    private final Installation installation;
    private final Timeline timeline;
    private final Ledger ledger;
    private final Followers followers;
    private final String name;
    private final RandomGenerator random;
    private final Duration pause;
    private final BooleanSupplier goesOn;
    private final List<String> mine = new ArrayList<>();
    private int count;

    Caller(
            Installation installation,
            Timeline timeline,
            Ledger ledger,
            Followers followers,
            String name,
            RandomGenerator random,
            Duration pause,
            BooleanSupplier goesOn) {
        this.installation = installation;
        this.timeline = timeline;
        this.ledger = ledger;
        this.followers = followers;
        this.name = name;
        this.random = random;
        this.pause = pause;
        this.goesOn = goesOn;
    }

    @Override
    public void run() {
        while (goesOn.getAsBoolean()) {
            try {
                act();
                TimeUnit.MILLISECONDS.sleep(random.nextLong(50, pause.toMillis()));
            } catch (InterruptedException e) {
                return;
            } catch (RuntimeException e) {
                ledger.violation(name + " couldn't go on: " + e);
                return;
            }
        }
    }

    private void act() {
        if (mine.isEmpty() || (mine.size() < MOST_INSTANCES && random.nextInt(10) == 0)) {
            create();
            return;
        }
        var instance = mine.get(random.nextInt(mine.size()));
        int dice = random.nextInt(100);
        if (dice < 70) {
            prompt(instance);
        } else if (dice < 78) {
            change(instance, "stop");
            change(instance, "start");
        } else if (dice < 86) {
            change(instance, "restart");
        } else if (dice < 90) {
            destroy(instance);
        } else if (dice < 95) {
            integrate(instance);
        } else {
            read(instance);
        }
    }

    private void create() {
        var body = Map.of("name", name + "-" + count, "description", "chaos", "labels", Map.of("chaos", "yes"));
        ask("POST", "/instances", body)
                .filter(answer -> answer.status() / 100 == 2)
                .ifPresent(answer -> {
                    var id = answer.text("instanceId");
                    if (ledger.instances.add(id)) {
                        followers.follow(id);
                    }
                    mine.add(id);
                });
    }

    private void prompt(String instance) {
        var word = name + "w" + count;
        var body = Map.of(
                "prompt",
                (random.nextBoolean() ? "Wait 2 seconds and create" : "Create") + " a file chaos.txt containing "
                        + word,
                "async",
                random.nextInt(8) != 0);
        ask("POST", "/instances/" + instance + "/run", body)
                .filter(answer -> answer.status() / 100 == 2)
                .map(answer -> answer.text("taskId"))
                .ifPresent(task -> ledger.runs.put(task, new Ledger.Run(task, instance, word)));
    }

    private void change(String instance, String verb) {
        ask("POST", "/instances/" + instance + "/" + verb, null);
    }

    /** One that is complete, one that isn't, or none. */
    private void integrate(String instance) {
        var names = random.nextInt(3) == 0 ? List.of() : List.of("Slack", "Notion");
        var env = names.isEmpty() ? Map.of() : Map.of("SLACK_BOT_TOKEN", "xoxb-" + name + count);
        ask("POST", "/instances/" + instance + "/integrations", Map.of("integrations", names, "integrationEnv", env));
    }

    private void destroy(String instance) {
        ask("DELETE", "/instances/" + instance, null)
                .filter(answer -> answer.status() / 100 == 2)
                .ifPresent(answer -> {
                    ledger.destroyed.add(instance);
                    mine.remove(instance);
                });
    }

    /** What was acknowledged is known, whoever is asked, while the view's database is there. */
    private void read(String instance) {
        try {
            var answer = client().send(Duration.ofSeconds(10), "GET", "/instances/" + instance, null);
            ledger.requests.incrementAndGet();
            if (answer.status() != 200 && answer.status() != 503) {
                ledger.violation("GET " + instance + " answered " + answer);
            }
        } catch (UncheckedIOException gone) {
            timeline.add("%s: GET %s broke: %s".formatted(name, instance, String.valueOf(gone.getCause())));
        }
    }

    private Client client() {
        return installation.gateway(1 + random.nextInt(installation.replicas()));
    }

    /** One request, however often it must be sent: always with the same key. Empty: it was never answered. */
    private Optional<Client.Answer> ask(String method, String path, @Nullable Map<String, ?> body) {
        var key = name + "-" + count++;
        var text = body == null ? null : Json.text(body);
        var prefer = random.nextInt(8) == 0 ? "wait=20" : "respond-async";
        boolean givesUp = random.nextInt(5) == 0;
        var deadline = Instant.now().plus(PATIENCE);
        for (int attempt = 0; Instant.now().isBefore(deadline); attempt++) {
            var patience = givesUp && attempt == 0 ? IMPATIENCE : Duration.ofSeconds(90);
            var answer = send(patience, method, path, text, key, prefer);
            if (answer.filter(some -> some.status() < 500 && some.status() != 429)
                    .isPresent()) {
                if (random.nextInt(6) == 0) {
                    repeat(method, path, text, key, prefer, answer.get());
                }
                return answer;
            }
            pause();
        }
        ledger.violation(method + " " + path + " with key " + key + " was never answered");
        return Optional.empty();
    }

    private Optional<Client.Answer> send(
            Duration patience, String method, String path, @Nullable String body, String key, String prefer) {
        ledger.requests.incrementAndGet();
        try {
            var answer = client().send(
                            patience,
                            method,
                            path,
                            body,
                            "Content-Type",
                            "application/json",
                            "Idempotency-Key",
                            key,
                            "Prefer",
                            prefer);
            timeline.add("%s: %s %s (%s) → %d %s"
                    .formatted(name, method, path, key, answer.status(), beginning(answer.body())));
            if (answer.status() == 503 || answer.status() == 429) {
                ledger.refused.incrementAndGet();
            }
            if (answer.status() >= 500 && answer.status() != 503) {
                ledger.violation(method + " " + path + " with key " + key + " answered " + answer);
            }
            if (answer.status() == 503
                    && answer.headers().firstValue("Retry-After").isEmpty()) {
                ledger.violation("a 503 without Retry-After: " + method + " " + path + " " + answer.body());
            }
            return Optional.of(answer);
        } catch (UncheckedIOException e) {
            timeline.add("%s: %s %s (%s) broke: %s".formatted(name, method, path, key, String.valueOf(e.getCause())));
            return Optional.empty();
        }
    }

    /** The same key, another replica perhaps: the same answer. */
    private void repeat(
            String method, String path, @Nullable String body, String key, String prefer, Client.Answer first) {
        ledger.repeats.incrementAndGet();
        var again = send(Duration.ofSeconds(90), method, path, body, key, prefer);
        if (again.filter(answer -> answer.status() < 400).isPresent()
                && first.status() < 400
                && !again.get().body().equals(first.body())) {
            ledger.violation("key " + key + " answered " + first + " and then " + again.get());
        }
    }

    private void pause() {
        try {
            TimeUnit.MILLISECONDS.sleep(random.nextInt(200, 1000));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String beginning(String body) {
        return body.length() <= 160 ? body : body.substring(0, 160) + "…";
    }
}
