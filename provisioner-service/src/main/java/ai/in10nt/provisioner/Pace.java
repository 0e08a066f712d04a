package ai.in10nt.provisioner;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.LongSupplier;

/**
 * Keeps this process within Fly's limits (fly.io/docs/machines/api, "Rate limits"): each action on each machine, or app where there
 * is no machine yet, once a second and three at once; reading a machine five times and ten. Replicas don't know of each other: what
 * they ask too much together, Fly refuses, and the refusal is heeded here.
 */
final class Pace {
    /** Not now: nothing was asked. */
    static final class NotYet extends RuntimeException {
        private final Duration pause;

        NotYet(Duration pause) {
            super("paced for " + pause, null, false, false);
            this.pause = pause;
        }

        Duration pause() {
            return pause;
        }
    }

    private static final class Bucket {
        private final double perSecond;
        private final double burst;
        private double tokens;
        private long filledAt;

        Bucket(double perSecond, double burst, long now) {
            this.perSecond = perSecond;
            this.burst = burst;
            this.tokens = burst;
            this.filledAt = now;
        }

        /** Nanoseconds until there is one; 0: it was taken. */
        synchronized long take(long now) {
            if (now > filledAt) {
                tokens = Math.min(burst, tokens + (now - filledAt) / 1e9 * perSecond);
                filledAt = now;
            }
            if (tokens >= 1) {
                tokens--;
                return 0;
            }
            return Math.max(1, (long) ((1 - tokens) / perSecond * 1e9)) + Math.max(0, filledAt - now);
        }

        synchronized void closeFor(Duration pause, long now) {
            tokens = 0;
            filledAt = now + pause.toNanos();
        }

        synchronized boolean isFull(long now) {
            return now - filledAt > burst / perSecond * 1e9;
        }
    }

    private static final int MANY = 10_000;

    private final Map<String, Bucket> buckets = new ConcurrentHashMap<>();
    private final LongSupplier nanos;

    Pace(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /** Takes one of an action's turns, or throws {@link NotYet}. */
    void take(String action, String object) {
        long now = nanos.getAsLong();
        if (buckets.size() > MANY) {
            buckets.values().removeIf(bucket -> bucket.isFull(now));
        }
        boolean isRead = action.equals("get machine");
        long wait = buckets.computeIfAbsent(
                        action + " " + object, _ -> new Bucket(isRead ? 5 : 1, isRead ? 10 : 3, now))
                .take(now);
        if (wait > 0) {
            // Spread, so that many who wait don't all come back for the one turn.
            throw new NotYet(Duration.ofNanos(wait + ThreadLocalRandom.current().nextLong(wait)));
        }
    }

    /** Fly said when to come back. */
    void closeFor(String action, String object, Duration pause) {
        long now = nanos.getAsLong();
        buckets.computeIfAbsent(action + " " + object, _ -> new Bucket(1, 3, now))
                .closeFor(pause, now);
    }
}
