package ai.in10nt.task;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.InstanceEvent;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Reply;
import ai.in10nt.contracts.TaskCommand;
import ai.in10nt.contracts.TaskEvent;
import ai.in10nt.contracts.TaskState;
import ai.in10nt.contracts.Topic;
import ai.in10nt.relay.Journal;
import ai.in10nt.task.Task.Decision;
import io.smallrye.mutiny.Multi;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The transactions that change tasks: what commands and instance events come to. The instance's row is locked first, then its
 * tasks, so that the order of acceptance is the order of the queue.
 */
@ApplicationScoped
class Tasks {
    static final String SOURCE = "/task-service";
    /** Tasks in memory at once: a prompt may have a megabyte. */
    private static final int PAGE = 20;

    private static final Duration PATIENCE_WITH_LAG = Duration.ofSeconds(60);

    private final Clock clock = Clock.systemUTC();

    Instant now() {
        return clock.instant();
    }

    Uni<Void> decide(Journal journal, Message message, int partition) {
        var command = TaskCommand.from(message);
        return journal.isAnswered(message)
                ? Uni.createFrom().voidItem()
                : mirror(journal, command.instanceId().value()).flatMap(mirror -> switch (command) {
                    case TaskCommand.Run run -> parkOrDecide(journal, message, run, mirror.orElse(null), partition);
                    case TaskCommand.Cancel cancel -> parkOrDecide(journal, message, cancel, partition);
                });
    }

    /** Where the task's own run waits for an event, what is wanted of it waits behind it. */
    private Uni<Void> parkOrDecide(Journal journal, Message message, TaskCommand.Cancel cancel, int partition) {
        return journal.session()
                .createQuery("from ParkedRow p where p.instanceId = :instance", ParkedRow.class)
                .setParameter("instance", cancel.instanceId().value())
                .getResultList()
                .flatMap(parked -> {
                    if (parked.stream().anyMatch(row -> row.commandId.equals(message.id()))) {
                        return Uni.createFrom().voidItem();
                    }
                    var run = parked.stream()
                            .filter(row -> row.message().subject().equals(message.subject()))
                            .findFirst();
                    return run.isPresent()
                            ? journal.session()
                                    .persist(ParkedRow.of(
                                            message,
                                            cancel.instanceId(),
                                            run.get().instanceRevision,
                                            partition,
                                            run.get().deadline))
                            : decideOnce(journal, message, cancel, partition);
                });
    }

    private Uni<Void> decideOnce(Journal journal, Message message, TaskCommand.Cancel cancel, int partition) {
        return journal.session()
                .find(TaskRow.class, cancel.taskId().value(), LockModeType.PESSIMISTIC_WRITE)
                .flatMap(row -> decideOnce(journal, message, cancel, row, partition));
    }

    private Uni<Void> decideOnce(
            Journal journal, Message message, TaskCommand.Cancel cancel, @Nullable TaskRow row, int partition) {
        var now = now();
        switch (Task.decide(cancel, row == null ? null : row.task(), message.tenant(), now)) {
            case Task.Cancellation.Cancelled(var task) -> {
                var before = Objects.requireNonNull(row).task();
                row.set(task);
                var event = event(task, message.id(), now);
                journal.event(Topic.TASK_EVENTS, partition, event);
                journal.answer(message, event.type());
                if (before.data().state() == TaskState.RUNNING) {
                    return journal.session().merge(AbortRow.of(before, now)).replaceWithVoid();
                }
            }
            case Task.Cancellation.Unchanged(var task) ->
                journal.reply(
                        message,
                        "task.unchanged",
                        SOURCE,
                        Reply.unchanged(
                                new Reply.Command(message.id(), message.type()),
                                task.data().bounded()),
                        partition,
                        now);
            case Task.Cancellation.Refused(var problem) -> refuse(journal, message, problem, partition);
        }
        return Uni.createFrom().voidItem();
    }

    private static Uni<Optional<InstanceMirror>> mirror(Journal journal, String id) {
        return journal.session()
                .find(InstanceMirror.class, id, LockModeType.PESSIMISTIC_WRITE)
                .map(Optional::ofNullable);
    }

    private Uni<Void> parkOrDecide(
            Journal journal, Message message, TaskCommand.Run run, @Nullable InstanceMirror mirror, int partition) {
        if (mirror == null || mirror.revision < run.instanceRevision()) {
            return journal.session()
                    .find(ParkedRow.class, message.id())
                    .flatMap(parked -> parked != null
                            ? Uni.createFrom().voidItem()
                            : journal.session()
                                    .persist(ParkedRow.of(message, run, partition, now().plus(PATIENCE_WITH_LAG))));
        }
        return decideOnce(journal, message, run, mirror, partition);
    }

    private Uni<Void> decideOnce(
            Journal journal, Message message, TaskCommand.Run run, @Nullable InstanceMirror mirror, int partition) {
        var now = now();
        return switch (Task.decide(run, mirror, message.tenant(), message.trace(), now)) {
            case Decision.Accepted(var task) -> {
                if (mirror != null) {
                    mirror.nextQueueNumber++;
                }
                var event = event(task, message.id(), now);
                journal.event(Topic.TASK_EVENTS, partition, event);
                journal.answer(message, event.type());
                yield journal.session().persist(TaskRow.of(task));
            }
            case Decision.Refused(var problem) -> {
                refuse(journal, message, problem, partition);
                yield Uni.createFrom().voidItem();
            }
        };
    }

    private void refuse(Journal journal, Message command, Failure problem, int partition) {
        var reply = Reply.refused(new Reply.Command(command.id(), command.type()), problem);
        journal.reply(command, "task.refused", SOURCE, reply, partition, now());
    }

    static Message event(Task task, @Nullable String causation, Instant now) {
        return new Message(
                Ids.event(),
                TaskEvent.typeOf(task.data().state()),
                SOURCE,
                task.data().taskId().value(),
                now,
                task.tenant(),
                task.revision(),
                causation,
                task.trace(),
                Json.bytes(new TaskEvent(task.revision(), task.data().bounded())));
    }

    /** The instance was destroyed long ago; its tasks stay, they say what was used. */
    static Uni<Void> forget(Journal journal, Message tombstone) {
        return mirror(journal, tombstone.subject())
                .flatMap(mirror -> mirror.isPresent()
                        ? journal.session().remove(mirror.get())
                        : Uni.createFrom().voidItem());
    }

    /** What an instance event means for the instance's tasks, and for commands that waited for it. */
    Uni<Void> follow(Journal journal, Message message, int partition) {
        var event = Json.read(message.data(), InstanceEvent.class);
        return mirror(journal, event.instance().instanceId().value())
                .flatMap(known -> known.isPresent() && known.get().revision >= event.revision()
                        ? Uni.createFrom().voidItem()
                        : follow(journal, message, event, known, partition));
    }

    private Uni<Void> follow(
            Journal journal, Message message, InstanceEvent event, Optional<InstanceMirror> known, int partition) {
        var mirror = known.orElseGet(() -> InstanceMirror.of(event, message.tenant(), partition));
        mirror.set(event);
        var stored = known.isPresent()
                ? Uni.createFrom().voidItem()
                : journal.session().persist(mirror);
        return stored.chain(() -> endTasks(journal, message, event, partition))
                // Read again: ending many tasks takes pages, after which the session knows none of its rows.
                .chain(() -> mirror(journal, mirror.id))
                .chain(current -> unpark(journal, mirror.id, current.orElseThrow(), event.revision()));
    }

    private Uni<Void> endTasks(Journal journal, Message message, InstanceEvent event, int partition) {
        var end = endOf(message, event);
        if (end.isEmpty()) {
            return Uni.createFrom().voidItem();
        }
        // The mirror is written first, so that it can be found again.
        return journal.session().flush().chain(() -> endPages(journal, message, event, end.get(), partition));
    }

    private Uni<Void> endPages(Journal journal, Message message, InstanceEvent event, Failure end, int partition) {
        var onlyRunning = message.type().equals(InstanceEvent.Type.RESTARTING.text());
        return journal.session()
                .createQuery(
                        "from TaskRow t where t.instanceId = :instance and t.status in (:open) order by t.queueNumber",
                        TaskRow.class)
                .setParameter("instance", event.instance().instanceId().value())
                .setParameter("open", onlyRunning ? List.of("running") : List.of("queued", "running"))
                .setLockMode(LockModeType.PESSIMISTIC_WRITE)
                .setMaxResults(PAGE)
                .getResultList()
                .invoke(rows -> rows.forEach(row -> end(journal, row, end, partition)))
                .flatMap(rows -> rows.isEmpty()
                        ? Uni.createFrom().voidItem()
                        : journal.turnPage().chain(() -> endPages(journal, message, event, end, partition)));
    }

    /** What an instance event ends tasks with, if it does. */
    private static Optional<Failure> endOf(Message message, InstanceEvent event) {
        if (message.type().equals(InstanceEvent.Type.RESTARTING.text())) {
            return Optional.of(new Failure("instance_restarted", "The instance was restarted while the task ran."));
        }
        return switch (event.instance().status()) {
            case STOPPING, STOPPED ->
                Optional.of(new Failure("instance_stopped", "The instance was stopped before the task had ended."));
            case DESTROYING, DESTROYED ->
                Optional.of(new Failure("instance_destroyed", "The instance was destroyed before the task had ended."));
            case FAILED -> Optional.of(new Failure("instance_failed", "The instance has failed."));
            case PROVISIONING, STARTING, HEALTHY, UNHEALTHY -> Optional.empty();
        };
    }

    private void end(Journal journal, TaskRow row, Failure failure, int partition) {
        var now = now();
        var ended = row.task().ended(TaskState.FAILED, failure, now);
        row.set(ended);
        journal.event(Topic.TASK_EVENTS, partition, event(ended, null, now));
    }

    /** Decides the parked commands that were waiting for at most this revision. */
    private Uni<Void> unpark(Journal journal, String instance, @Nullable InstanceMirror mirror, long revision) {
        return journal.session()
                .createQuery(
                        "from ParkedRow p where p.instanceId = :instance and p.instanceRevision <= :revision"
                                + " order by p.arrival",
                        ParkedRow.class)
                .setParameter("instance", instance)
                .setParameter("revision", revision)
                .getResultList()
                .call(rows ->
                        journal.recall(rows.stream().map(row -> row.commandId).toList()))
                .flatMap(rows -> each(rows, row -> unpark(journal, row, mirror)));
    }

    private Uni<Void> unpark(Journal journal, ParkedRow row, @Nullable InstanceMirror mirror) {
        var message = row.message();
        return journal.session()
                .remove(row)
                // Answered already: it was parked again by a redelivery that ran beside its decision.
                .chain(() -> journal.isAnswered(message)
                        ? Uni.createFrom().voidItem()
                        : switch (TaskCommand.from(message)) {
                            case TaskCommand.Run run -> decideOnce(journal, message, run, mirror, row.partition);
                            // Its run was decided just before, by this very transaction.
                            case TaskCommand.Cancel cancel ->
                                journal.session()
                                        .flush()
                                        .chain(() -> decideOnce(journal, message, cancel, row.partition));
                        });
    }

    /** What these commands wait for didn't come in time: they are decided on what there is. */
    Uni<Void> unparkOverdue(Journal journal, String instance) {
        return mirror(journal, instance)
                .flatMap(mirror -> unpark(journal, instance, mirror.orElse(null), Long.MAX_VALUE));
    }

    private static <T> Uni<Void> each(List<T> items, Function<? super T, Uni<? extends Void>> what) {
        return Multi.createFrom()
                .iterable(items)
                .onItem()
                .transformToUniAndConcatenate(what)
                .collect()
                .asList()
                .replaceWithVoid();
    }
}
