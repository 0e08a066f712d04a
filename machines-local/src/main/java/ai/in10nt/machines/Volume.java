package ai.in10nt.machines;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A volume as Fly's API shows it and as it is kept. */
record Volume(
        String id,
        String name,
        String state,
        @JsonProperty("size_gb") int sizeGb,
        String region,
        String zone,
        boolean encrypted,
        String type,
        String fstype,
        @JsonProperty("attached_machine_id") @Nullable String attachedMachineId,
        @JsonProperty("created_at") Instant createdAt,
        @JsonProperty("updated_at") Instant updatedAt,
        @JsonProperty("snapshot_retention") int snapshotRetention,
        @JsonProperty("auto_backup_enabled") boolean autoBackupEnabled,
        @JsonProperty("host_status") String hostStatus,
        String app) {

    Volume to(String state) {
        return new Volume(
                id,
                name,
                state,
                sizeGb,
                region,
                zone,
                encrypted,
                type,
                fstype,
                attachedMachineId,
                createdAt,
                Instant.now(),
                snapshotRetention,
                autoBackupEnabled,
                hostStatus,
                app);
    }

    Volume attachedTo(@Nullable String machine) {
        return new Volume(
                id,
                name,
                state,
                sizeGb,
                region,
                zone,
                encrypted,
                type,
                fstype,
                machine,
                createdAt,
                Instant.now(),
                snapshotRetention,
                autoBackupEnabled,
                hostStatus,
                app);
    }

    Volume keeping(int snapshotRetention, boolean autoBackupEnabled) {
        return new Volume(
                id,
                name,
                state,
                sizeGb,
                region,
                zone,
                encrypted,
                type,
                fstype,
                attachedMachineId,
                createdAt,
                Instant.now(),
                snapshotRetention,
                autoBackupEnabled,
                hostStatus,
                app);
    }

    Volume extendedTo(int sizeGb) {
        return new Volume(
                id,
                name,
                state,
                sizeGb,
                region,
                zone,
                encrypted,
                type,
                fstype,
                attachedMachineId,
                createdAt,
                Instant.now(),
                snapshotRetention,
                autoBackupEnabled,
                hostStatus,
                app);
    }

    /** On its way out, or gone: nothing can be done with it any more. */
    boolean isLeaving() {
        return state.equals("pending_destroy") || state.equals("destroyed");
    }
}
