package ai.in10nt.machines;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.time.Instant;

/**
 * A copy of a volume at a moment, as Fly's API shows it and as it is kept.
 *
 * @param size bytes of the copy
 * @param volumeSize bytes that the volume may have
 * @param volume whose copy it is, and its size in GB: it outlives the volume
 */
record Snapshot(
        String id,
        long size,
        @JsonProperty("volume_size") long volumeSize,
        String digest,
        String status,
        @JsonProperty("created_at") Instant createdAt,
        @JsonProperty("retention_days") int retentionDays,
        String volume,
        @JsonProperty("size_gb") int sizeGb,
        String app) {

    Snapshot to(String status, long size, String digest, Instant createdAt) {
        return new Snapshot(id, size, volumeSize, digest, status, createdAt, retentionDays, volume, sizeGb, app);
    }

    boolean isRunning() {
        return status.equals("pending") || status.equals("running");
    }
}
