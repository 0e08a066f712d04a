package ai.in10nt.integration;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.InstanceEvent;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.contracts.IntegrationCommand;
import ai.in10nt.contracts.IntegrationData;
import ai.in10nt.contracts.IntegrationData.Applied;
import ai.in10nt.contracts.IntegrationData.Integration;
import ai.in10nt.contracts.IntegrationEvent;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.Reply;
import ai.in10nt.contracts.Topic;
import ai.in10nt.relay.Journal;
import io.smallrye.mutiny.Uni;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.persistence.LockModeType;
import java.time.Clock;
import java.time.Instant;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The transactions that change integrations: what commands and instance events come to. The instance's row is locked first. */
@ApplicationScoped
class Integrations {
    private static final String SOURCE = "/integration-service";

    private final Vault vault;
    private final Clock clock = Clock.systemUTC();

    Integrations(Vault vault) {
        this.vault = vault;
    }

    Instant now() {
        return clock.instant();
    }

    Uni<Void> decide(Journal journal, Message message, int partition) {
        var command = IntegrationCommand.from(message);
        if (journal.isAnswered(message)) {
            return Uni.createFrom().voidItem();
        }
        var id = command.instanceId().value();
        return Resealing.announce(journal)
                .chain(() -> mirror(journal, id))
                .flatMap(mirror -> row(journal, id).flatMap(row -> switch (command) {
                    case IntegrationCommand.Set set ->
                        decide(journal, message, set, mirror.orElse(null), row.orElse(null), partition);
                }));
    }

    private Uni<Void> decide(
            Journal journal,
            Message message,
            IntegrationCommand.Set set,
            @Nullable InstanceMirror mirror,
            @Nullable IntegrationRow known,
            int partition) {
        // Those of an instance to be created are set before there is one.
        if (mirror != null && !mirror.tenant.equals(message.tenant())) {
            return refuse(journal, message, "instance_not_found", "There is no such instance.", partition);
        }
        if (mirror != null && isGone(mirror.status())) {
            return refuse(
                    journal, message, "instance_destroyed", "The instance was destroyed; create a new one.", partition);
        }
        var now = now();
        var row = known == null ? IntegrationRow.of(set.instanceId(), message.tenant(), now) : known;
        change(row, set, now);
        row.deliver = mirror != null && mirror.isUp();
        journal.event(Topic.INTEGRATION_EVENTS, partition, event(row, IntegrationEvent.Type.CHANGED, message, now));
        journal.answer(message, IntegrationEvent.Type.CHANGED.text());
        return known == null ? journal.session().persist(row) : Uni.createFrom().voidItem();
    }

    private void change(IntegrationRow row, IntegrationCommand.Set set, Instant now) {
        var old = vault.open(row.tenant, set.instanceId(), row.values());
        var merged = new TreeMap<>(old);
        merged.putAll(vault.opened(row.tenant, set.instanceId(), set.sealedEnv()));
        var values = Standing.kept(set.integrations(), merged);
        var before = row.data().integrations();
        var next = set.integrations().stream()
                .map(name -> Standing.of(
                        name,
                        values,
                        before.stream()
                                .filter(integration -> integration.name().equals(name) && isSame(name, old, values))
                                .findFirst()))
                .toList();
        if (!values.equals(old) || !next.equals(before)) {
            row.set(vault.seal(row.tenant, set.instanceId(), values));
            row.envRevision++;
        }
        row.verify = set.verify() && next.stream().anyMatch(Integrations::isComplete);
        row.revision++;
        row.set(new IntegrationData(set.instanceId(), next, applied(row), row.verify ? true : null, now));
    }

    private static boolean isSame(String name, Map<String, String> old, Map<String, String> values) {
        var bundle = Standing.bundle(name);
        return Standing.values(bundle, old).equals(Standing.values(bundle, values));
    }

    static boolean isComplete(Integration integration) {
        return integration.missing().isEmpty();
    }

    private static Applied applied(IntegrationRow row) {
        return row.givenRevision == row.envRevision ? Applied.TRUE : Applied.PENDING;
    }

    private static boolean isGone(InstanceStatus status) {
        return status == InstanceStatus.DESTROYING || status == InstanceStatus.DESTROYED;
    }

    private Uni<Void> refuse(Journal journal, Message command, String code, String detail, int partition) {
        var reply = Reply.refused(new Reply.Command(command.id(), command.type()), new Failure(code, detail));
        journal.reply(command, "integration.refused", SOURCE, reply, partition, now());
        return Uni.createFrom().voidItem();
    }

    static Message event(IntegrationRow row, IntegrationEvent.Type type, @Nullable Message cause, Instant now) {
        return new Message(
                Ids.event(),
                type.text(),
                SOURCE,
                IntegrationData.idOf(new InstanceId(row.instanceId)),
                now,
                row.tenant,
                row.revision,
                cause == null ? null : cause.id(),
                cause == null ? null : cause.trace(),
                Json.bytes(new IntegrationEvent(row.revision, row.data())));
    }

    /** What an instance event means: another boot must be given them anew, and what is destroyed is forgotten for good. */
    Uni<Void> follow(Journal journal, Message message, int partition) {
        var event = Json.read(message.data(), InstanceEvent.class);
        var id = event.instance().instanceId().value();
        return mirror(journal, id).flatMap(known -> {
            if (known.isPresent() && known.get().revision >= event.revision()) {
                return Uni.createFrom().voidItem();
            }
            var mirror = known.orElseGet(() -> InstanceMirror.of(event, message.tenant(), partition));
            mirror.set(event);
            var stored = known.isPresent()
                    ? Uni.createFrom().voidItem()
                    : journal.session().persist(mirror);
            return stored.chain(() -> row(journal, id))
                    .flatMap(row -> row.isEmpty() ? Uni.createFrom().voidItem() : follow(journal, mirror, row.get()));
        });
    }

    private Uni<Void> follow(Journal journal, InstanceMirror mirror, IntegrationRow row) {
        if (isGone(mirror.status())) {
            return forget(journal, row);
        }
        row.deliver = mirror.isUp() && !row.isGiven(mirror);
        return Uni.createFrom().voidItem();
    }

    /** The row goes with its key, and a tombstone tells of it. */
    Uni<Void> forget(Journal journal, IntegrationRow row) {
        var id = IntegrationData.idOf(new InstanceId(row.instanceId));
        journal.send(
                Topic.INTEGRATION_EVENTS,
                row.partition,
                Message.tombstone(Ids.event(), "integration", SOURCE, id, now(), row.tenant));
        return journal.session().remove(row);
    }

    Uni<Void> forgetInstance(Journal journal, Message tombstone) {
        return mirror(journal, tombstone.subject())
                .flatMap(mirror -> mirror.isPresent()
                        ? journal.session().remove(mirror.get())
                        : Uni.createFrom().voidItem());
    }

    private static Uni<Optional<InstanceMirror>> mirror(Journal journal, String id) {
        return journal.session()
                .find(InstanceMirror.class, id, LockModeType.PESSIMISTIC_WRITE)
                .map(Optional::ofNullable);
    }

    static Uni<Optional<IntegrationRow>> row(Journal journal, String id) {
        return journal.session()
                .find(IntegrationRow.class, id, LockModeType.PESSIMISTIC_WRITE)
                .map(Optional::ofNullable);
    }

    /** The agent of this boot has what was its due when it was asked; an event where that is news. */
    void given(Journal journal, IntegrationRow row, long envRevision, int generation, Instant now) {
        row.givenRevision = envRevision;
        row.givenGeneration = generation;
        row.deliver = row.envRevision != envRevision;
        var data = row.data();
        if (data.applied() != Applied.TRUE && row.givenRevision == row.envRevision) {
            row.revision++;
            row.set(data.with(Applied.TRUE, now));
            journal.event(
                    Topic.INTEGRATION_EVENTS, row.partition, event(row, IntegrationEvent.Type.APPLIED, null, now));
        }
    }

    /** What the partners said, in the place of what was thought before. */
    void verified(Journal journal, IntegrationRow row, Map<String, Integration> said, Instant now) {
        var data = row.data();
        row.verify = false;
        row.revision++;
        row.set(data.verified(
                data.integrations().stream()
                        .map(integration -> Objects.requireNonNullElse(said.get(integration.name()), integration))
                        .toList(),
                now));
        journal.event(Topic.INTEGRATION_EVENTS, row.partition, event(row, IntegrationEvent.Type.VERIFIED, null, now));
    }
}
