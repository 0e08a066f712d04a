package ai.in10nt.contracts;

import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Fly's named machine presets, with the memory that goes with them (fly-go's MachinePresets).
 *
 * @param defaultMb what the preset gives, in MiB
 * @param maxMb the most that its cpus may have, in MiB
 */
public record VmSize(String name, String cpuKind, int cpus, int defaultMb, int maxMb) {
    private static final List<VmSize> ALL = Arrays.asList(
            shared(1),
            shared(2),
            shared(4),
            shared(6),
            shared(8),
            performance(1),
            performance(2),
            performance(4),
            performance(6),
            performance(8),
            performance(10),
            performance(12),
            performance(14),
            performance(16));

    private static VmSize shared(int cpus) {
        return new VmSize("shared-cpu-" + cpus + "x", "shared", cpus, 256 * cpus, 2048 * cpus);
    }

    private static VmSize performance(int cpus) {
        return new VmSize("performance-" + cpus + "x", "performance", cpus, 2048 * cpus, 8192 * cpus);
    }

    public static Optional<VmSize> named(String name) {
        return ALL.stream().filter(size -> size.name.equals(name)).findFirst();
    }

    public static List<String> names() {
        return ALL.stream().map(VmSize::name).toList();
    }

    /** The preset's memory, but never less than the agent needs; in MiB. */
    public int memoryFor(String agentType) {
        int needed = switch (agentType) {
            case "moltbot" -> 2048;
            default -> 1024;
        };
        return Math.max(defaultMb, needed);
    }
}
