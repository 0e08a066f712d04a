package ai.in10nt.contracts;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** The id of a task: one prompt given to the agent of an instance. Text form {@code task_} and 26 characters. */
public record TaskId(@JsonValue String value) {
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public TaskId {
        if (!isValid(value)) {
            throw new IllegalArgumentException("not an id of the form task_…: " + value);
        }
    }

    public static TaskId mint() {
        return new TaskId(Ids.mint("task_"));
    }

    public static boolean isValid(String text) {
        return Ids.isValid("task_", text);
    }

    @Override
    public String toString() {
        return value;
    }
}
