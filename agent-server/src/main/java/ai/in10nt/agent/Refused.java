package ai.in10nt.agent;

/** What this server can't do for a caller, as an HTTP status, a word and a sentence that says what would be right. */
final class Refused extends RuntimeException {
    private final int status;
    private final String code;

    Refused(int status, String code, String message) {
        super(message, null, false, false);
        this.status = status;
        this.code = code;
    }

    int status() {
        return status;
    }

    String code() {
        return code;
    }
}
