package ai.in10nt.agent;

import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** What this process says, on standard output: the machine's log. */
final class Log {
    private Log() {}

    static void info(String format, Object... arguments) {
        line("INFO ", format, arguments);
    }

    static void warn(String format, Object... arguments) {
        line("WARN ", format, arguments);
    }

    @SuppressWarnings("AnnotateFormatMethod")
    private static void line(String level, String format, Object... arguments) {
        System.out.println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " " + level + format.formatted(arguments));
    }
}
