package ai.in10nt.contracts;

import org.jspecify.annotations.Nullable;

/**
 * The answer to a command that caused no event: refused, with the problem, or unchanged, with the state that already is as
 * wanted.
 */
public record Reply(
        Command command,
        @Nullable Failure problem,
        @Nullable InstanceData instance,
        @Nullable TaskData task) {

    public record Command(String id, String type) {}

    public static Reply refused(Command command, Failure problem) {
        return new Reply(command, problem, null, null);
    }

    public static Reply unchanged(Command command, InstanceData instance) {
        return new Reply(command, null, instance, null);
    }

    public static Reply unchanged(Command command, TaskData task) {
        return new Reply(command, null, null, task);
    }
}
