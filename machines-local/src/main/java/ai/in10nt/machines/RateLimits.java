package ai.in10nt.machines;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Fly's documented limits: per action and machine (or app, where there is no machine) one request a second, three at once; reading
 * a machine five and ten.
 */
final class RateLimits {
    private static final class Bucket {
        private double tokens;
        private long filledAt;

        Bucket(double burst) {
            this.tokens = burst;
            this.filledAt = System.nanoTime();
        }

        synchronized boolean take(double perSecond, double burst) {
            long now = System.nanoTime();
            tokens = Math.min(burst, tokens + (now - filledAt) / 1e9 * perSecond);
            filledAt = now;
            if (tokens < 1) {
                return false;
            }
            tokens--;
            return true;
        }
    }

    private final Map<String, Bucket> buckets = new ConcurrentHashMap<>();

    void check(String method, String path) {
        boolean isRead = method.equals("GET") && path.matches("/v1/apps/[^/]+/machines/[^/]+");
        double perSecond = isRead ? 5 : 1;
        double burst = isRead ? 10 : 3;
        // A path names the action and the object.
        if (!buckets.computeIfAbsent(method + " " + path, _ -> new Bucket(burst))
                .take(perSecond, burst)) {
            throw FlyError.of(429, "rate limit exceeded");
        }
    }
}
