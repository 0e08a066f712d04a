package ai.in10nt.relay;

import ai.in10nt.contracts.Trace;
import org.jboss.logging.MDC;
import org.jspecify.annotations.Nullable;

/** What each log line of a step carries: the row it is about, and the request behind it. */
public final class LogContext {
    private LogContext() {}

    /**
     * Until {@link #leave}, on this thread.
     *
     * @param kind {@code instance} or {@code task}
     */
    public static void enter(@Nullable Trace trace, String kind, String id) {
        MDC.put(kind, id);
        if (trace != null) {
            MDC.put("trace", trace.traceId());
            if (trace.requestId() != null) {
                MDC.put("request", trace.requestId());
            }
        }
    }

    static void leave() {
        MDC.clear();
    }
}
