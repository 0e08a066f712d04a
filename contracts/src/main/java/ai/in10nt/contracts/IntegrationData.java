package ai.in10nt.contracts;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * The integrations of an instance as the world sees them: the body of {@code GET /instances/{id}/integrations} and of every
 * integration event. Values never appear.
 *
 * @param integrations in the order in which they were asked for
 * @param applied whether the agent has what is complete of them
 * @param verifying the partners are being asked just now; absent: no
 */
public record IntegrationData(
        InstanceId instanceId,
        List<Integration> integrations,
        Applied applied,
        @Nullable Boolean verifying,
        Instant updatedAt) {

    private static final String PREFIX = "intg_";

    public IntegrationData {
        integrations = List.copyOf(integrations);
    }

    /**
     * One of them.
     *
     * @param variables names of those that have a value
     * @param missing names of those that it still needs; it isn't given to the agent until there are none
     * @param warnings what looks wrong, though it may be right
     * @param verifiedAt when the partner answered; absent: it was not asked, or didn't answer
     * @param error why it is invalid or unverified
     */
    public record Integration(
            String name,
            Status status,
            List<String> variables,
            List<String> missing,
            List<Warning> warnings,
            @Nullable Instant verifiedAt,
            @Nullable String error) {
        public Integration {
            variables = List.copyOf(variables);
            missing = List.copyOf(missing);
            warnings = List.copyOf(warnings);
        }
    }

    /**
     * What looks wrong, though it may be right.
     *
     * @param variable the one meant; absent: the integration as a whole
     */
    public record Warning(@Nullable String variable, String message) {}

    /** How an integration stands. */
    public enum Status {
        /** Complete, and not known to be wrong. */
        READY,
        INCOMPLETE,
        /** The partner says that it is wrong. */
        INVALID,
        /** The partner was asked and didn't answer. */
        UNVERIFIED;

        @JsonValue
        public String text() {
            return name().toLowerCase(Locale.ROOT);
        }

        @JsonCreator
        static Status from(String text) {
            return valueOf(text.toUpperCase(Locale.ROOT));
        }
    }

    /** In JSON {@code true} or {@code "pending"}. */
    public enum Applied {
        TRUE,
        /** The agent is told as soon as it can be: when its machine runs and no task does. */
        PENDING;

        @JsonValue
        public Object json() {
            return this == TRUE ? true : "pending";
        }

        @JsonCreator
        static Applied from(Object json) {
            return json.equals(true) ? TRUE : PENDING;
        }
    }

    /** Those of one instance are one aggregate, under this id. */
    public static String idOf(InstanceId instance) {
        return PREFIX + instance.value().substring("inst_".length());
    }

    public static boolean isId(String text) {
        return Ids.isValid(PREFIX, text);
    }

    /** None, as of an instance that never had one. */
    public static IntegrationData none(InstanceId instance, Instant at) {
        return new IntegrationData(instance, List.of(), Applied.TRUE, null, at);
    }

    public List<String> names() {
        return integrations.stream().map(Integration::name).toList();
    }

    public IntegrationData with(Applied applied, Instant at) {
        return new IntegrationData(instanceId, integrations, applied, verifying, at);
    }

    /** The partners have answered, or haven't in time. */
    public IntegrationData verified(List<Integration> integrations, Instant at) {
        return new IntegrationData(instanceId, integrations, applied, null, at);
    }
}
