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
        boolean encrypted,
        String fstype,
        @JsonProperty("attached_machine_id") @Nullable String attachedMachineId,
        @JsonProperty("created_at") Instant createdAt,
        @JsonProperty("host_status") String hostStatus,
        String app) {

    Volume to(String state) {
        return new Volume(
                id, name, state, sizeGb, region, encrypted, fstype, attachedMachineId, createdAt, hostStatus, app);
    }

    Volume attachedTo(@Nullable String machine) {
        return new Volume(id, name, state, sizeGb, region, encrypted, fstype, machine, createdAt, hostStatus, app);
    }
}
