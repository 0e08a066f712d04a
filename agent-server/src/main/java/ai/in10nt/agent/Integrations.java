package ai.in10nt.agent;

import ai.in10nt.contracts.TaskCommand.McpServer;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What integrations put into the environment of the agent and of commands: given by integration-service after each boot and at each
 * change, and kept in memory alone.
 */
final class Integrations {
    /**
     * As it is given.
     *
     * @param revision rises with each other one
     * @param secrets names of the variables whose values are masked
     * @param mcpServers of the partners; variables are named in them, {@code ${NAME}}
     */
    record Given(
            long revision,
            Map<String, String> environment,
            List<String> secrets,
            @Nullable List<McpServer> mcpServers) {

        @Override
        public String toString() {
            return "Given[" + revision + "]";
        }
    }

    private final boolean isExpected;
    private Given newest = new Given(-1, Map.of(), List.of(), List.of());
    /** Of all that were ever given: an old token may still be printed. */
    private final Set<String> secrets = new LinkedHashSet<>();

    Integrations(boolean isExpected) {
        this.isExpected = isExpected;
    }

    /** False: there is this one or a newer one already. */
    synchronized boolean put(Given given) {
        if (given.revision() <= newest.revision()) {
            return false;
        }
        given.secrets().stream()
                .map(given.environment()::get)
                .filter(Objects::nonNull)
                .forEach(secrets::add);
        newest = given;
        notifyAll();
        return true;
    }

    synchronized Map<String, String> environment() {
        return new TreeMap<>(newest.environment());
    }

    synchronized List<McpServer> mcpServers() {
        return Objects.requireNonNullElse(newest.mcpServers(), List.of());
    }

    synchronized Collection<String> secrets() {
        return List.copyOf(secrets);
    }

    synchronized long revision() {
        return newest.revision();
    }

    /** Where this boot has integrations: until they are given, or the time is over. False: they weren't. */
    synchronized boolean await(Duration atMost) throws InterruptedException {
        long deadline = System.nanoTime() + atMost.toNanos();
        while (isExpected && newest.revision() < 0 && deadline - System.nanoTime() > 0) {
            TimeUnit.NANOSECONDS.timedWait(this, Math.max(1, deadline - System.nanoTime()));
        }
        return !isExpected || newest.revision() >= 0;
    }
}
