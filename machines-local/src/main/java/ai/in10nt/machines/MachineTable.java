package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import java.time.Instant;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** All machines, in memory and on disk, and a lock for each. */
final class MachineTable {
    private static final Pattern ID = Pattern.compile("[0-9a-f]{14}");
    private static final Machine NONE = new Machine(
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            Instant.EPOCH,
            Instant.EPOCH,
            Json.MAPPER.createObjectNode(),
            List.of(),
            List.of(),
            false,
            null);

    private final Store store;
    private final String addresses;
    private final Map<String, Machine> machines = new ConcurrentHashMap<>();
    private final Map<String, Object> locks = new ConcurrentHashMap<>();

    MachineTable(Store store, String addresses) {
        this.store = store;
        this.addresses = addresses;
        store.machines().forEach(machine -> machines.put(machine.id(), machine));
    }

    /** What happens to one machine happens one after another, under this. */
    Object lock(String id) {
        return locks.computeIfAbsent(id, _ -> new Object());
    }

    Collection<Machine> all() {
        return List.copyOf(machines.values());
    }

    List<Machine> of(String app) {
        return machines.values().stream()
                .filter(machine -> machine.app().equals(app))
                .sorted(Comparator.comparing(Machine::createdAt)
                        .thenComparing(Machine::id)
                        .reversed())
                .toList();
    }

    Machine require(String app, String id) {
        if (!ID.matcher(id).matches()) {
            throw FlyError.invalid("machine ids are 14 hex digits");
        }
        var machine = get(id);
        if (!machine.app().equals(app)) {
            throw FlyError.of(404, "machine not found");
        }
        return machine;
    }

    /** One that is in no state where there is none. */
    Machine get(String id) {
        return machines.getOrDefault(id, NONE);
    }

    void save(Machine machine) {
        store.save(machine);
        machines.put(machine.id(), machine);
    }

    void move(String id, String state, Machine.@Nullable Event event) {
        save(get(id).to(state, event, Instant.now()));
    }

    void forget(String id) {
        machines.remove(id);
        locks.remove(id);
        store.forget("machines", id);
    }

    /** The lowest address of the block that no machine has. */
    String freeAddress() {
        var taken = new HashSet<String>();
        machines.values().stream()
                .filter(machine -> !machine.is("destroyed"))
                .forEach(machine -> taken.add(machine.privateIp()));
        for (int i = 0; i < 250 * 250; i++) {
            var address = addresses + "." + i / 250 + "." + (i % 250 + 1);
            if (!taken.contains(address)) {
                return address;
            }
        }
        throw FlyError.of(422, "insufficient_capacity", "could not find a candidate host: all addresses are taken");
    }
}
