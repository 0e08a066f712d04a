package ai.in10nt.contracts;

/** What became of a task, with its whole public state after it. The type is {@code task.} and the state's word. */
public record TaskEvent(long revision, TaskData task) {
    public static String typeOf(TaskState state) {
        return "task." + state.text();
    }
}
