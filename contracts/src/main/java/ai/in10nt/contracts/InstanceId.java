package ai.in10nt.contracts;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/** The id of an instance: a VM with a coding agent in it. Text form {@code inst_} and 26 characters. */
public record InstanceId(@JsonValue String value) {
    @JsonCreator(mode = JsonCreator.Mode.DELEGATING)
    public InstanceId {
        if (!isValid(value)) {
            throw new IllegalArgumentException("not an id of the form inst_…: " + value);
        }
    }

    public static InstanceId mint() {
        return new InstanceId(Ids.mint("inst_"));
    }

    public static boolean isValid(String text) {
        return Ids.isValid("inst_", text);
    }

    @Override
    public String toString() {
        return value;
    }
}
