package ai.in10nt.agent;

import java.util.Map;

/** Which tools the model may call, in OpenCode's form. */
final class Tools {
    private Tools() {}

    /** Nobody is there to be asked; and {@code invalid} is how it tells the model of a call that isn't right. */
    static boolean isOffered(String tool) {
        return !tool.equals("question") && !tool.equals("invalid");
    }

    /** Said with each prompt, because OpenCode keeps what was said last. Asking the user stays off: nobody is there. */
    static Map<String, Boolean> map(boolean isAnyAllowed) {
        return isAnyAllowed ? Map.of("*", true, "question", false) : Map.of("*", false);
    }
}
