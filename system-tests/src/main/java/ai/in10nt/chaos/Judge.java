package ai.in10nt.chaos;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.IntegrationData;
import ai.in10nt.contracts.Topic;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** Reads what users can see and what the provider has, and says what isn't as it was promised. */
final class Judge {
    /** Six instances that boot again at once take a minute where two processors are shared with others. */
    private static final Duration SETTLED_WITHIN = Duration.ofMinutes(2);
    /** Where the provider itself keeps an instance busy for minutes, until its boot is given up. */
    private static final Duration GIVEN_UP_WITHIN = Duration.ofMinutes(4);
    /** The sweep looks every half minute, and believes what it has seen twice. */
    private static final Duration SWEPT_WITHIN = Duration.ofSeconds(100);
    /** Runs wait for one another in their queues. */
    private static final Duration ENDED_WITHIN = Duration.ofMinutes(4);

    private static final Set<String> SETTLED = Set.of("healthy", "stopped", "failed", "destroyed");

    private final Installation installation;
    private final Timeline timeline;
    private final Ledger ledger;
    private final Followers followers;

    Judge(Installation installation, Timeline timeline, Ledger ledger, Followers followers) {
        this.installation = installation;
        this.timeline = timeline;
        this.ledger = ledger;
        this.followers = followers;
    }

    /** Until nothing is on its way any more; says how long that took. */
    Duration awaitCalm() {
        var began = Instant.now();
        await("an instance isn't settled", settledWithin(), this::unsettled);
        var recovered = Duration.between(began, Instant.now());
        await("a task hasn't ended", ENDED_WITHIN, this::open);
        return recovered;
    }

    private Duration settledWithin() {
        return ledger.takesMinutes ? GIVEN_UP_WITHIN : SETTLED_WITHIN;
    }

    /** Then all is destroyed, and nothing may be left. */
    void judge() {
        var records = new Records(installation, timeline, ledger);
        records.judge();
        runsHaveOneEnd(records);
        instancesAreAsToldEverywhere(records);
        integrationsAreAsToldEverywhere(records);
        var remains = new Remains(installation, ledger);
        remains.machinesHaveOwners();
        await("an instance has more than it uses", SWEPT_WITHIN, remains::doubles);
        ledger.instances.stream()
                .filter(id -> !ledger.destroyed.contains(id))
                .forEach(id -> installation.gateway(1).delete("/instances/" + id));
        await("something is left at the provider", settledWithin(), remains::afterDestroyingAll);
        await("readers wait for the end of a log", SETTLED_WITHIN, followers::unfinished);
        followers.judge();
    }

    private interface Look {
        /** What isn't as it should be yet. */
        Set<String> look();
    }

    private void await(String what, Duration limit, Look look) {
        var deadline = Instant.now().plus(limit);
        Set<String> left = Set.of("not asked yet");
        while (Instant.now().isBefore(deadline)) {
            try {
                var now = look.look();
                if (!now.equals(left)) {
                    timeline.add(what + ": " + now);
                }
                left = now;
                if (left.isEmpty()) {
                    return;
                }
            } catch (UncheckedIOException e) {
                left = Set.of(String.valueOf(e.getCause()));
            }
            try {
                TimeUnit.MILLISECONDS.sleep(500);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
        ledger.violation(what + " after " + limit.toSeconds() + " s: " + left);
    }

    private Set<String> unsettled() {
        var left = new HashSet<String>();
        for (var id : ledger.instances) {
            var answer = installation.gateway(1).get("/instances/" + id);
            if (answer.status() != 200 || !SETTLED.contains(answer.text("status"))) {
                left.add(id + " " + answer.status() + " " + answer.text("status"));
            } else if (answer.text("status").equals("healthy")) {
                var integrations = installation.gateway(1).get("/instances/" + id + "/integrations");
                if (!integrations.text("applied").equals("true")) {
                    left.add(id + " integrations " + integrations.status() + " " + integrations.text("applied"));
                }
            }
        }
        return left;
    }

    private Set<String> open() {
        var left = new HashSet<String>();
        for (var run : ledger.runs.values()) {
            var answer = installation.gateway(1).get("/instances/" + run.instance() + "/tasks/" + run.task());
            if (answer.status() != 200 || answer.text("status").equals("processing")) {
                left.add(run.task() + " " + answer.status() + " " + answer.text("state"));
            }
        }
        return left;
    }

    private void runsHaveOneEnd(Records records) {
        for (var run : ledger.runs.values()) {
            var ends = records.ends(run.task());
            var refusal = records.refusal(run.task());
            if (refusal.isPresent() && ends.isEmpty()) {
                hasFailedWith(run, refusal.get());
                continue;
            }
            if (ends.size() != 1) {
                ledger.violation(run.task() + " has " + ends.size() + " ends");
                continue;
            }
            var told = ends.getFirst().json().path("task");
            isEverywhere("/instances/" + run.instance() + "/tasks/" + run.task(), told);
            askedOnce(run, told);
        }
    }

    /** Acknowledged in doubt, and then refused: whoever asks is told that it failed, and why. */
    private void hasFailedWith(Ledger.Run run, JsonNode problem) {
        var path = "/instances/" + run.instance() + "/tasks/" + run.task();
        for (int replica = 1; replica <= installation.replicas(); replica++) {
            var answer = installation.gateway(replica).get(path);
            if (!answer.text("status").equals("failed")
                    || !answer.json().path("error").path("code").equals(problem.path("code"))) {
                ledger.violation(
                        path + " was refused for " + problem + ", and replica " + replica + " answers " + answer);
            }
        }
    }

    /** A prompt costs two calls of the model, one that asks for the tool and one after it; more are another attempt. */
    private void askedOnce(Ledger.Run run, JsonNode task) {
        long first = 0;
        for (var asked :
                installation.model().get("/requests?contains=" + run.word()).json()) {
            first += asked.path("prompt").asText().endsWith(" " + run.word()) ? 1 : 0;
        }
        int attempts = Math.max(1, task.path("attempts").asInt());
        if (first > 2L * attempts) {
            ledger.violation(
                    run.task() + " says attempts " + attempts + ", and the model was asked " + first + " times");
        }
    }

    private void instancesAreAsToldEverywhere(Records records) {
        for (var id : ledger.instances) {
            var told = records.last(Topic.INSTANCE_EVENTS, id);
            if (told.isEmpty()) {
                ledger.violation(id + " was acknowledged, and no event tells of it");
                continue;
            }
            isEverywhere("/instances/" + id, told.get().json().path("instance"));
            if (ledger.destroyed.contains(id) && !told.get().type().equals("instance.destroyed")) {
                ledger.violation(id + " was destroyed, and its last event is "
                        + told.get().type());
            }
        }
    }

    /** What was set is told as the last event has it, and the agent has it. */
    private void integrationsAreAsToldEverywhere(Records records) {
        for (var id : ledger.instances) {
            var told = records.last(Topic.INTEGRATION_EVENTS, IntegrationData.idOf(new InstanceId(id)));
            if (told.isPresent() && !ledger.destroyed.contains(id)) {
                isEverywhere(
                        "/instances/" + id + "/integrations", told.get().json().path("integrations"));
            }
        }
    }

    /** The newest event and what any replica answers are the same, field by field: so the revision in the view is the topic's. */
    private void isEverywhere(String path, JsonNode told) {
        for (int replica = 1; replica <= installation.replicas(); replica++) {
            var answer = installation.gateway(replica).get(path);
            if (answer.status() != 200 || !answer.json().equals(told)) {
                ledger.violation(path + " answers " + answer.status() + " " + answer.body() + " at replica " + replica
                        + ", and its last event says " + told);
            }
        }
    }
}
