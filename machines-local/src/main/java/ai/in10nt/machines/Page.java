package ai.in10nt.machines;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A part of a list, in the list's order, and where the next one begins.
 *
 * @param cursor absent on the last page
 */
record Page<T>(List<T> items, @Nullable String cursor) {
    private static final Duration CURSORS_LIVE = Duration.ofMinutes(30);

    /**
     * @param items ordered by {@code key}, the highest first: what is made or removed meanwhile moves no other
     * @param limit text of 1 to {@code most}; absent: all
     */
    static <T> Page<T> of(
            List<T> items, Function<T, String> key, @Nullable String limit, @Nullable String cursor, int most) {
        int size = limit == null ? items.size() : Settings.number("limit", limit, 1, most);
        var began = Instant.now().toEpochMilli();
        var rest = items;
        if (cursor != null && !cursor.isEmpty()) {
            var parts = decode(cursor);
            began = Long.parseLong(parts[0]);
            if (Instant.ofEpochMilli(began).plus(CURSORS_LIVE).isBefore(Instant.now())) {
                throw FlyError.invalid("cursor has expired");
            }
            rest = items.stream()
                    .filter(item -> key.apply(item).compareTo(parts[1]) < 0)
                    .toList();
        }
        if (rest.size() <= size) {
            return new Page<>(rest, null);
        }
        var last = key.apply(rest.get(size - 1));
        var next = Base64.getUrlEncoder()
                .withoutPadding()
                .encodeToString((began + " " + last).getBytes(StandardCharsets.UTF_8));
        return new Page<>(List.copyOf(rest.subList(0, size)), next);
    }

    private static String[] decode(String cursor) {
        try {
            var text = new String(Base64.getUrlDecoder().decode(cursor), StandardCharsets.UTF_8);
            if (text.matches("\\d{1,15} .+")) {
                return text.split(" ", 2);
            }
        } catch (IllegalArgumentException e) {
            // Refused below, as every other text that we didn't make.
        }
        throw FlyError.invalid("cursor isn't one that this list gave");
    }
}
