package ai.in10nt.chaos;

import ai.in10nt.contracts.Topic;
import ai.in10nt.stories.Events;
import ai.in10nt.stories.Events.Event;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Reads what users can see and what the provider has, and says what isn't as it was promised. */
final class Judge {
    private static final Duration SETTLED_WITHIN = Duration.ofSeconds(60);
    /** Runs wait for one another in their queues. */
    private static final Duration ENDED_WITHIN = Duration.ofMinutes(4);

    private static final Set<String> SETTLED = Set.of("healthy", "stopped", "failed", "destroyed");
    private static final Set<String> ENDS =
            Set.of("task.completed", "task.failed", "task.timed_out", "task.cancelled", "task.interrupted");
    private static final Pattern NEXT = Pattern.compile("<[^>]*?(/[a-z][^>]*)>; rel=\"next\"");

    private final Installation installation;
    private final Timeline timeline;
    private final Ledger ledger;
    private final Map<String, List<Event>> topics = new HashMap<>();

    Judge(Installation installation, Timeline timeline, Ledger ledger) {
        this.installation = installation;
        this.timeline = timeline;
        this.ledger = ledger;
    }

    /** Until nothing is on its way any more; says how long that took. */
    Duration awaitCalm() {
        var began = Instant.now();
        await("an instance isn't settled", SETTLED_WITHIN, this::unsettled);
        var recovered = Duration.between(began, Instant.now());
        await("a task hasn't ended", ENDED_WITHIN, this::open);
        return recovered;
    }

    /** Then all is destroyed, and nothing may be left. */
    void judge() {
        read();
        commandsHaveOneAnswer();
        revisionsHaveNoGap(Topic.INSTANCE_EVENTS);
        revisionsHaveNoGap(Topic.TASK_EVENTS);
        runsHaveOneEnd();
        whatWasAcknowledgedIsKnown();
        machinesHaveOwners();
        destroyAll();
        await("something is left at the provider", SETTLED_WITHIN, this::leftovers);
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
                left = look.look();
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

    private void read() {
        for (var topic : Topic.values()) {
            var events = Events.all(installation.kafka(), topic.topicName()).stream()
                    .filter(event -> at(event).isAfter(timeline.began()))
                    .toList();
            topics.put(topic.topicName(), once(events));
            for (var event : events) {
                timeline.add(
                        at(event),
                        topic.topicName() + " " + event.type() + " " + event.key() + " revision "
                                + event.headers().get("ce_revision") + " of "
                                + event.headers().get("ce_causationid") + " ("
                                + event.headers().get("ce_id") + ")");
            }
        }
        of(Topic.DEAD_LETTERS).forEach(letter -> ledger.violation("a dead letter: " + letter.value()));
    }

    private static Instant at(Event event) {
        var time = event.headers().get("ce_time");
        return time == null ? Instant.MAX : Instant.parse(time);
    }

    private List<Event> of(Topic topic) {
        return topics.getOrDefault(topic.topicName(), List.of());
    }

    /** Each message once; one seen twice must be the same, byte for byte. */
    private List<Event> once(List<Event> events) {
        var seen = new LinkedHashMap<String, Event>();
        for (var event : events) {
            var id = String.valueOf(event.headers().get("ce_id"));
            var before = seen.putIfAbsent(id, event);
            if (before != null && !before.equals(event)) {
                ledger.violation("the same ce_id with other bytes: " + before + " and " + event);
            }
        }
        return List.copyOf(seen.values());
    }

    private void commandsHaveOneAnswer() {
        var answers = new HashMap<String, List<String>>();
        Stream.of(Topic.INSTANCE_EVENTS, Topic.TASK_EVENTS, Topic.REPLIES)
                .flatMap(topic -> of(topic).stream())
                .filter(event -> event.headers().containsKey("ce_causationid"))
                .forEach(event -> answers.computeIfAbsent(
                                String.valueOf(event.headers().get("ce_causationid")), _ -> new ArrayList<>())
                        .add(event.type() + " " + event.headers().get("ce_id")));
        Stream.of(Topic.INSTANCE_COMMANDS, Topic.TASK_COMMANDS)
                .flatMap(topic -> of(topic).stream())
                .forEach(command -> {
                    var its = answers.getOrDefault(
                            String.valueOf(command.headers().get("ce_id")), List.of());
                    if (its.size() != 1) {
                        ledger.violation("command " + command.type() + " "
                                + command.headers().get("ce_id") + " of " + command.key() + " has " + its.size()
                                + " answers: " + its);
                    }
                });
    }

    private void revisionsHaveNoGap(Topic topic) {
        var last = new HashMap<String, Long>();
        for (var event : of(topic)) {
            long revision = Long.parseLong(String.valueOf(event.headers().get("ce_revision")));
            long before = last.getOrDefault(event.key(), 0L);
            // Of what was there before the load began, the first one seen may have any.
            boolean isKnown =
                    before > 0 || ledger.instances.contains(event.key()) || ledger.runs.containsKey(event.key());
            if (isKnown && revision != before + 1) {
                ledger.violation(event.key() + " has revision " + revision + " after " + before);
            }
            last.put(event.key(), revision);
        }
    }

    private void runsHaveOneEnd() {
        var ends = new HashMap<String, List<Event>>();
        of(Topic.TASK_EVENTS).stream()
                .filter(event -> ENDS.contains(event.type()))
                .forEach(event -> ends.computeIfAbsent(event.key(), _ -> new ArrayList<>())
                        .add(event));
        for (var run : ledger.runs.values()) {
            var its = ends.getOrDefault(run.task(), List.of());
            if (its.size() != 1) {
                ledger.violation(run.task() + " has " + its.size() + " ends");
                continue;
            }
            var told = its.getFirst().json().path("task");
            var seen = installation
                    .gateway(1)
                    .get("/instances/" + run.instance() + "/tasks/" + run.task())
                    .json();
            for (var field : List.of("state", "response", "error", "attempts")) {
                if (!told.path(field).equals(seen.path(field))) {
                    ledger.violation(run.task() + ": " + field + " is " + told.path(field) + " in its event, "
                            + seen.path(field) + " over HTTP");
                }
            }
            askedOnce(run, seen);
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

    private void whatWasAcknowledgedIsKnown() {
        for (var id : ledger.instances) {
            for (int replica = 1; replica <= installation.replicas(); replica++) {
                var answer = installation.gateway(replica).get("/instances/" + id);
                if (answer.status() != 200) {
                    ledger.violation(id + " was acknowledged, and now " + answer);
                }
            }
        }
        for (var id : ledger.destroyed) {
            var status = installation.gateway(1).get("/instances/" + id).text("status");
            if (!status.equals("destroyed")) {
                ledger.violation(id + " was destroyed, and is " + status);
            }
        }
    }

    private void machinesHaveOwners() {
        var owned = new HashMap<String, Integer>();
        installation.fly().get("/v1/apps/in10nt/machines").json().forEach(machine -> {
            var owner = machine.path("config")
                    .path("metadata")
                    .path("in10nt_instance")
                    .asText();
            owned.merge(owner, 1, Integer::sum);
            if (ledger.destroyed.contains(owner)) {
                ledger.violation("machine " + machine.path("id") + " is of " + owner + ", which was destroyed");
            }
        });
        owned.forEach((owner, count) -> {
            if (ledger.instances.contains(owner) && count > 1) {
                ledger.violation(owner + " has " + count + " machines");
            }
        });
    }

    private void destroyAll() {
        ledger.instances.stream()
                .filter(id -> !ledger.destroyed.contains(id))
                .forEach(id -> installation.gateway(1).delete("/instances/" + id));
    }

    /** Of the instances that the load made, all of which are destroyed by now; also of those that were never acknowledged. */
    private Set<String> leftovers() {
        var left = new HashSet<String>();
        var path = "/instances?label.chaos=yes&limit=1000";
        while (!path.isEmpty()) {
            var page = installation.gateway(1).get(path);
            page.json().forEach(instance -> {
                var id = instance.path("instanceId").asText();
                installation.gateway(1).delete("/instances/" + id);
                left.add(id);
            });
            var link = NEXT.matcher(page.headers().firstValue("Link").orElse(""));
            path = link.find() ? link.group(1) : "";
        }
        installation.fly().get("/v1/apps/in10nt/machines").json().forEach(machine -> {
            if (isOurs(machine.path("config")
                    .path("metadata")
                    .path("in10nt_instance")
                    .asText())) {
                left.add(machine.path("id").asText() + " "
                        + machine.path("state").asText());
            }
        });
        installation.fly().get("/v1/apps/in10nt/volumes").json().forEach(volume -> {
            if (isOurs("inst_" + volume.path("name").asText().replaceFirst("^ws_", ""))
                    && !volume.path("state").asText().contains("destroy")) {
                left.add(volume.path("id").asText() + " " + volume.path("state").asText());
            }
        });
        return left;
    }

    private boolean isOurs(String instance) {
        return ledger.instances.contains(instance);
    }
}
