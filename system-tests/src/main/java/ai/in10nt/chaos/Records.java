package ai.in10nt.chaos;

import ai.in10nt.contracts.Topic;
import ai.in10nt.stories.Events;
import ai.in10nt.stories.Events.Event;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/** What a stranger's consumer sees of the time since the load began. */
final class Records {
    private static final Set<String> ENDS =
            Set.of("task.completed", "task.failed", "task.timed_out", "task.cancelled", "task.interrupted");

    private final Ledger ledger;
    private final Map<String, List<Event>> topics = new HashMap<>();

    Records(Installation installation, Timeline timeline, Ledger ledger) {
        this.ledger = ledger;
        for (var topic : Topic.values()) {
            var events = Events.all(installation.kafka(), topic.topicName()).stream()
                    .filter(event -> at(event).isAfter(timeline.began()))
                    .toList();
            topics.put(topic.topicName(), once(events));
            if (List.of(Topic.INSTANCE_EVENTS, Topic.TASK_EVENTS).contains(topic)) {
                whatIsRepeatedIsRepeatedToItsEnd(events);
            }
            for (var event : events) {
                timeline.add(
                        at(event),
                        topic.topicName() + " " + event.type() + " " + event.key() + " revision "
                                + event.headers().get("ce_revision") + " of "
                                + event.headers().get("ce_causationid") + " ("
                                + event.headers().get("ce_id") + ")");
            }
        }
    }

    void judge() {
        of(Topic.DEAD_LETTERS).forEach(letter -> ledger.violation("a dead letter: " + letter.value()));
        commandsHaveOneAnswer();
        revisionsHaveNoGap(Topic.INSTANCE_EVENTS);
        revisionsHaveNoGap(Topic.TASK_EVENTS);
    }

    private static Instant at(Event event) {
        var time = event.headers().get("ce_time");
        return time == null ? Instant.MAX : Instant.parse(time);
    }

    private List<Event> of(Topic topic) {
        return topics.getOrDefault(topic.topicName(), List.of());
    }

    /** The newest state that the topic tells of one. */
    Optional<Event> last(Topic topic, String key) {
        return of(topic).stream().filter(event -> event.key().equals(key)).reduce((_, later) -> later);
    }

    /** How the task ended: once, if all is well. */
    List<Event> ends(String task) {
        return of(Topic.TASK_EVENTS).stream()
                .filter(event -> event.key().equals(task) && ENDS.contains(event.type()))
                .toList();
    }

    /** Why the task never began, where its owner refused it after the gateway had stopped waiting for the decision. */
    Optional<JsonNode> refusal(String task) {
        return of(Topic.REPLIES).stream()
                .filter(reply -> reply.key().equals(task) && reply.type().equals("task.refused"))
                .map(reply -> reply.json().path("problem"))
                .findFirst();
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

    /**
     * Compaction keeps the last record of a key. So what is published again, after a takeover, is all of it from there on, up to the
     * newest: one old record alone is the work of a predecessor who should have been refused.
     */
    private void whatIsRepeatedIsRepeatedToItsEnd(List<Event> events) {
        var last = new HashMap<String, Long>();
        var newest = new HashMap<String, Long>();
        for (var event : events) {
            long revision = revision(event);
            var before = last.put(event.key(), revision);
            if (before != null && revision > before + 1 && before < newest.getOrDefault(event.key(), 0L)) {
                ledger.violation("revision " + before + " of " + event.key()
                        + " was published again, alone, after revision " + newest.get(event.key()));
            }
            newest.merge(event.key(), revision, Math::max);
        }
        last.forEach((key, revision) -> {
            if (revision < newest.getOrDefault(key, 0L)) {
                ledger.violation("the last record of " + key + " has revision " + revision + ", and there was revision "
                        + newest.get(key));
            }
        });
    }

    /** A tombstone has none, and is the end. */
    private static long revision(Event event) {
        var revision = event.headers().get("ce_revision");
        return revision == null ? Long.MAX_VALUE : Long.parseLong(revision);
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
                    ledger.commands.incrementAndGet();
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
            long revision = revision(event);
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
}
