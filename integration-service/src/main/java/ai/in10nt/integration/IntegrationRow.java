package ai.in10nt.integration;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.IntegrationData;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Topic;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import jakarta.persistence.Version;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The integrations of an instance at rest. */
@Entity
@Table(name = "integration")
class IntegrationRow {
    @Id
    @Column(name = "instance_id")
    String instanceId = "";

    int partition;
    String tenant = "";
    long revision;

    @Version
    long version;

    String state = "";
    byte @Nullable [] sealed;

    @Column(name = "data_key")
    byte @Nullable [] dataKey;

    @Column(name = "wrapping_key")
    @Nullable
    Long wrappingKey;

    @Column(name = "env_revision")
    long envRevision;

    @Column(name = "given_revision")
    long givenRevision;

    @Column(name = "given_generation")
    int givenGeneration;

    boolean deliver;
    boolean verify;

    @Column(name = "changed_at")
    Instant changedAt = Instant.EPOCH;

    static IntegrationRow of(InstanceId instance, String tenant, Instant now) {
        var row = new IntegrationRow();
        row.instanceId = instance.value();
        row.partition = Topic.partitionOf(instance);
        row.tenant = tenant;
        row.set(IntegrationData.none(instance, now));
        return row;
    }

    IntegrationData data() {
        return Json.read(state, IntegrationData.class);
    }

    void set(IntegrationData data) {
        state = Json.text(data);
        changedAt = data.updatedAt();
    }

    /** Whether the agent of this boot has what it is to have. */
    boolean isGiven(InstanceMirror instance) {
        return givenRevision == envRevision && givenGeneration == instance.generation;
    }

    Vault.Sealed values() {
        return new Vault.Sealed(dataKey, sealed, wrappingKey);
    }

    void set(Vault.Sealed values) {
        dataKey = values.dataKey();
        sealed = values.text();
        wrappingKey = values.wrappingKey();
    }
}
