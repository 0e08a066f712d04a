package ai.in10nt.machines;

import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;

/** Who alone may change a machine for a while; the nonce proves it. */
record Lease(String nonce, String owner, String description, Instant expiresAt, String version) {

    boolean isOver(Instant now) {
        return !now.isBefore(expiresAt);
    }

    /** As its holder sees it. */
    Map<String, Object> answer() {
        var answer = new LinkedHashMap<String, Object>();
        answer.put("nonce", nonce);
        answer.putAll(overview());
        answer.put("version", version);
        return answer;
    }

    /** As everybody else sees it: without what proves it. */
    Map<String, Object> overview() {
        return Map.of("owner", owner, "description", description, "expires_at", expiresAt.getEpochSecond());
    }

    @Override
    public String toString() {
        return "Lease[" + owner + ", until " + expiresAt + "]";
    }
}
