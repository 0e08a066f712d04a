package ai.in10nt.machines;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** Machines that are nothing but their state: for the tests of clients, by an explicit flag. Nothing runs in them. */
final class StateOnlyDriver implements Driver {
    private final Map<String, Boolean> running = new ConcurrentHashMap<>();
    private final Map<String, Integer> exits = new ConcurrentHashMap<>();
    private final Folders folders;

    StateOnlyDriver(Config config) {
        this.folders = new Folders(config, List.of());
    }

    @Override
    public String describe() {
        return "no machines: states only, nothing runs";
    }

    @Override
    public void start(Machine machine, @Nullable String volume) {
        exits.remove(machine.id());
        running.put(machine.id(), true);
    }

    @Override
    public boolean isRunning(String id) {
        return running.containsKey(id);
    }

    @Override
    public OptionalInt exitCode(String id) {
        var code = exits.get(id);
        return code == null ? OptionalInt.empty() : OptionalInt.of(code);
    }

    @Override
    public boolean wasOutOfMemory(String id) {
        return false;
    }

    @Override
    public void signal(String id, String signal) {
        running.remove(id);
        exits.put(id, signal.equals("SIGKILL") ? 137 : 0);
    }

    @Override
    public void kill(String id) {
        running.remove(id);
    }

    @Override
    public String log(String id) {
        return "";
    }

    @Override
    public ExecResult exec(String id, List<String> command, Duration timeout) {
        throw FlyError.of(501, "unimplemented: nothing runs in a machine of the driver \"none\"");
    }

    @Override
    public void suspend(String id) {
        running.put(id, false);
    }

    @Override
    public boolean isSuspended(String id) {
        return Boolean.FALSE.equals(running.get(id));
    }

    @Override
    public void resume(String id) {
        running.put(id, true);
    }

    @Override
    public void remove(String id) {
        exits.remove(id);
    }

    @Override
    public Folders folders() {
        return folders;
    }
}
