package ai.in10nt.provisioner;

import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Topic;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** An instance at rest. */
@Entity
@Table(name = "instance")
class InstanceRow {
    @Id
    String id = "";

    int partition;
    String tenant = "";
    long revision;

    @Version
    long version;

    String status = "";

    @Column(name = "machine_id")
    @Nullable
    String machineId;

    String name = "";

    /** When it is to be destroyed, whatever it does. */
    @Column(name = "expires_at")
    @Nullable
    Instant expiresAt;

    String state = "";

    @Column(name = "due_at")
    @Nullable
    Instant dueAt;

    /** When it was destroyed: from then on it is kept for a while. */
    @Column(name = "destroyed_at")
    @Nullable
    Instant destroyedAt;

    static InstanceRow of(Instance instance, Instant now) {
        var row = new InstanceRow();
        row.id = instance.data().instanceId().value();
        row.partition = Topic.partitionOf(instance.data().instanceId());
        row.tenant = instance.tenant();
        row.name = instance.data().name();
        row.expiresAt = instance.expiresAt();
        row.set(instance, now);
        return row;
    }

    void set(Instance instance, Instant now) {
        revision = instance.revision();
        status = instance.data().status().text();
        machineId = instance.machineId();
        state = Json.text(instance);
        dueAt = instance.data().status().isSettled() ? null : now;
        if (instance.data().status() == InstanceStatus.DESTROYED) {
            destroyedAt = now;
        }
    }

    Instance instance() {
        return Json.read(state, Instance.class);
    }
}
