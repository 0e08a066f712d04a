package ai.in10nt.machines;

import org.jspecify.annotations.Nullable;

/** A refusal in Fly's words: status and {@code {"error": …, "status"?: …}}. */
final class FlyError extends RuntimeException {
    private final int status;
    private final @Nullable String code;

    private FlyError(int status, @Nullable String code, String text) {
        super(text, null, false, false);
        this.status = status;
        this.code = code;
    }

    static FlyError of(int status, String text) {
        return new FlyError(status, null, text);
    }

    static FlyError of(int status, String code, String text) {
        return new FlyError(status, code, text);
    }

    static FlyError invalid(String text) {
        return of(400, "invalid_argument: " + text);
    }

    static FlyError notNow(String text) {
        return of(412, "failed_precondition: " + text);
    }

    int status() {
        return status;
    }

    @Nullable
    String code() {
        return code;
    }
}
