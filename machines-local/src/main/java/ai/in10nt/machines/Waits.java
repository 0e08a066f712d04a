package ai.in10nt.machines;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Fly's {@code wait}: answers when a machine is in one of the states, or after the time-out that it isn't yet. */
final class Waits {
    private static final Set<String> SETTLED =
            Set.of("created", "started", "stopped", "suspended", "failed", "destroyed");
    private static final Set<String> STATES = Set.of(
            "created",
            "starting",
            "started",
            "stopping",
            "stopped",
            "suspending",
            "suspended",
            "restarting",
            "replacing",
            "updating",
            "failed",
            "destroying",
            "destroyed",
            "settled");

    private final Machines machines;

    Waits(Machines machines) {
        this.machines = machines;
    }

    Answer answer(Call call) {
        var wanted = call.queries("state").stream()
                .flatMap(value -> Arrays.stream(value.split(",", -1)))
                .toList();
        var states = wanted.isEmpty() ? List.of("started") : wanted;
        states.stream().filter(state -> !STATES.contains(state)).findFirst().ifPresent(unknown -> {
            throw FlyError.invalid("state: " + unknown + " isn't a state to wait for");
        });
        var version = call.query("version") == null ? call.query("instance_id") : call.query("version");
        var timeout = timeout(call.query("timeout"));
        call.machine(machines);
        Host.await(timeout, () -> isOver(call.machine(machines), states, version, call.query("from_event_id")));
        var machine = call.machine(machines);
        if (version != null && !version.equals(machine.version())) {
            throw late(states, "replaced");
        }
        if (!isOver(machine, states, version, call.query("from_event_id"))) {
            throw late(states, machine.state());
        }
        return Answer.ok(Map.of(
                "ok",
                true,
                "state",
                machine.state(),
                "version",
                machine.version(),
                "event_id",
                machine.events().isEmpty() ? "" : machine.events().getFirst().id()));
    }

    private static FlyError late(List<String> states, String currently) {
        return FlyError.of(
                408,
                "deadline_exceeded: machine failed to reach desired state, " + String.join(",", states) + ", currently "
                        + currently);
    }

    private static boolean isOver(
            Machine machine, List<String> states, @Nullable String version, @Nullable String fromEvent) {
        boolean isReplaced = version != null && !version.equals(machine.version());
        boolean isThere =
                states.contains(machine.state()) || (states.contains("settled") && SETTLED.contains(machine.state()));
        // Ids of events are ULIDs: later ones sort after earlier ones.
        boolean isAfter = fromEvent == null
                || (!machine.events().isEmpty()
                        && machine.events().getFirst().id().compareTo(fromEvent) > 0);
        return isReplaced || (isThere && isAfter);
    }

    private static Duration timeout(@Nullable String given) {
        if (given == null) {
            return Duration.ofMinutes(1);
        }
        var seconds = given.endsWith("s") ? given.substring(0, given.length() - 1) : given;
        if (!seconds.matches("\\d{1,9}") || Integer.parseInt(seconds) < 1 || Integer.parseInt(seconds) > 60) {
            throw FlyError.invalid("timeout: value must be inside range [1s, 1m0s]");
        }
        return Duration.ofSeconds(Integer.parseInt(seconds));
    }
}
