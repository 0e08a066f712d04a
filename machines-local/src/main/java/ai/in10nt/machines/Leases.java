package ai.in10nt.machines;

import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Leases on machines, as Fly's: whoever has the nonce may change the machine, others are refused until it ends. */
final class Leases {
    /** Fly documents none; flyctl asks for this. */
    private static final int DEFAULT_SECONDS = 120;

    private static final int MOST_SECONDS = 24 * 60 * 60;

    private final MachineTable table;

    Leases(MachineTable table) {
        this.table = table;
    }

    /** The machine's own lock must be held: what is allowed is then done before somebody else gets a lease. */
    static void check(Machine machine, @Nullable String nonce) {
        var lease = present(machine);
        if (lease != null && !lease.nonce().equals(nonce)) {
            throw refusal(machine, lease);
        }
    }

    private static @Nullable Lease present(Machine machine) {
        var lease = machine.lease();
        return lease == null || lease.isOver(Instant.now()) ? null : lease;
    }

    private static FlyError refusal(Machine machine, Lease lease) {
        return FlyError.of(
                409,
                "machine ID " + machine.id() + " lease currently held by " + lease.owner() + ", expires at "
                        + lease.expiresAt());
    }

    static Lease get(Machine machine) {
        var lease = present(machine);
        if (lease == null) {
            throw FlyError.of(404, "lease not found");
        }
        return lease;
    }

    /** A new one; with the present one's nonce, that one for longer. */
    Lease acquire(String app, String id, @Nullable Integer ttl, String description, @Nullable String nonce) {
        int seconds = ttl == null ? DEFAULT_SECONDS : ttl;
        if (seconds < 1 || seconds > MOST_SECONDS) {
            throw FlyError.invalid("ttl: must be a whole number of seconds, 1 to " + MOST_SECONDS);
        }
        synchronized (table.lock(id)) {
            var machine = table.require(app, id);
            check(machine, nonce);
            var held = present(machine);
            if (held == null && nonce != null) {
                throw FlyError.of(409, "the lease with this nonce has expired");
            }
            var until = Instant.now().plus(Duration.ofSeconds(seconds));
            var lease = held == null
                    ? new Lease(Tokens.nonce(), "local", description, until, Tokens.ulid())
                    : new Lease(held.nonce(), held.owner(), held.description(), until, held.version());
            table.save(machine.leased(lease));
            return lease;
        }
    }

    void release(String app, String id, @Nullable String nonce) {
        synchronized (table.lock(id)) {
            var machine = table.require(app, id);
            if (nonce == null) {
                throw FlyError.invalid("the header fly-machine-lease-nonce is required");
            }
            var held = get(machine);
            if (!Objects.equals(held.nonce(), nonce)) {
                throw refusal(machine, held);
            }
            table.save(machine.leased(null));
        }
    }
}
