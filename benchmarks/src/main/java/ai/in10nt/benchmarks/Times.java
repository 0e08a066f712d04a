package ai.in10nt.benchmarks;

import java.util.Arrays;
import java.util.Locale;

/** Durations of the same thing. */
final class Times {
    private final long[] nanos;

    Times(long... nanos) {
        this.nanos = nanos.clone();
        Arrays.sort(this.nanos);
    }

    /** In milliseconds: the value that this part of them doesn't exceed. */
    double percentile(double part) {
        int index = (int) Math.ceil(part / 100 * nanos.length) - 1;
        return nanos[Math.clamp(index, 0, nanos.length - 1)] / 1e6;
    }

    double p50() {
        return percentile(50);
    }

    double p99() {
        return percentile(99);
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "p50 %.2f ms, p99 %.2f ms, n %d", p50(), p99(), nanos.length);
    }
}
