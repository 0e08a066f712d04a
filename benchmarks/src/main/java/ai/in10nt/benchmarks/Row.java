package ai.in10nt.benchmarks;

import java.util.Locale;

/** A line of the table. */
record Row(String figure, String ours, String beside, String result, String must, String goal, boolean isReached) {
    static Row ratio(String figure, String ours, String beside, double ratio, double must, double goal) {
        return new Row(figure, ours, beside, times(ratio), "≤ " + must + " ×", "≤ " + goal + " ×", ratio <= must);
    }

    static Row atLeast(String figure, String ours, String beside, double part, double must, double goal) {
        return new Row(figure, ours, beside, percent(part), "≥ " + percent(must), "≥ " + percent(goal), part >= must);
    }

    static Row atMost(String figure, double value, String unit, String beside, double must, double goal) {
        var text = number(value) + " " + unit;
        return new Row(
                figure, text, beside, text, "≤ " + number(must) + " " + unit, number(goal) + " " + unit, value <= must);
    }

    static String ms(double millis) {
        return String.format(Locale.ROOT, "%.2f ms", millis);
    }

    private static String times(double ratio) {
        return String.format(Locale.ROOT, "%.2f ×", ratio);
    }

    private static String percent(double part) {
        return Math.round(part * 100) + " %";
    }

    private static String number(double value) {
        return value == Math.rint(value)
                ? String.valueOf((long) value)
                : String.format(Locale.ROOT, value < 10 ? "%.2f" : "%.1f", value);
    }

    String markdown() {
        return "| " + figure + " | " + ours + " | " + beside + " | " + result + " | " + must + " | " + goal + " | "
                + (isReached ? "yes" : "**no**") + " |";
    }
}
