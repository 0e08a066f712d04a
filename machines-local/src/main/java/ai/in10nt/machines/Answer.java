package ai.in10nt.machines;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What is sent back.
 *
 * @param cursor where a list goes on: the header {@code fly-next-cursor}
 */
record Answer(int status, @Nullable Object body, @Nullable String cursor) {
    static final Answer OK = ok(Map.of("ok", true));
    static final Answer NOTHING = new Answer(204, null);

    Answer(int status, @Nullable Object body) {
        this(status, body, null);
    }

    static Answer ok(Object body) {
        return new Answer(200, body);
    }

    static Answer paged(Object body, @Nullable String cursor) {
        return new Answer(200, body, cursor);
    }
}
