package ai.in10nt.stack;

import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;

/** What a stack does by itself from time to time: the keys of integrations are rotated. */
final class Schedule {
    private static final Duration AFTER_TROUBLE = Duration.ofMinutes(10);

    private final Settings settings;
    private final Home home;
    private final Consumer<String> tell;
    private final Duration every;
    private final AtomicBoolean isBusy = new AtomicBoolean();
    private volatile Instant next;

    /** Looks from now on, whenever it is told to; {@code every} 0: not by itself. */
    Schedule(Settings settings, Home home, Duration every, Consumer<String> tell) {
        this.settings = settings;
        this.home = home;
        this.tell = tell;
        this.every = every;
        this.next = due();
    }

    private Instant due() {
        return KeyRotation.last(home).plus(every);
    }

    void look() {
        if (every.isZero() || Instant.now().isBefore(next) || !isBusy.compareAndSet(false, true)) {
            return;
        }
        Thread.ofVirtual().name("schedule").start(() -> {
            try {
                // They may have been rotated by hand since it was looked.
                if (!Instant.now().isBefore(due())) {
                    KeyRotation.run(home, KeyHolders.here(settings, home), tell);
                }
                next = due();
            } catch (RuntimeException e) {
                tell.accept("the keys aren't rotated: " + e.getMessage());
                next = Instant.now().plus(AFTER_TROUBLE);
            } finally {
                isBusy.set(false);
            }
        });
    }
}
