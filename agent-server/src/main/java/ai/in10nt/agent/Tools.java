package ai.in10nt.agent;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Which tools the model may call, in OpenCode's form. */
final class Tools {
    private static final String ALL = "*";
    private static final String NOT = "!";

    private Tools() {}

    /** Nobody is there to be asked; and {@code invalid} is how it tells the model of a call that isn't right. */
    static boolean isOffered(String tool) {
        return !tool.equals("question") && !tool.equals("invalid");
    }

    /**
     * Said with each prompt, because OpenCode keeps what was said last. Asking the user stays off: nobody is there.
     *
     * @param names those alone may be called, or, where each is behind a {@code !}, all others; null: all
     * @param brought what tools of the run's own are under: they may be called, unless one is named behind a {@code !}
     */
    static Map<String, Boolean> map(boolean isAnyAllowed, @Nullable List<String> names, List<String> brought) {
        var map = new LinkedHashMap<String, Boolean>();
        if (!isAnyAllowed) {
            map.put(ALL, false);
            return map;
        }
        map.put(ALL, names == null || names.stream().allMatch(name -> name.startsWith(NOT)));
        brought.forEach(prefix -> map.put(prefix + "_*", true));
        if (names != null) {
            names.forEach(name -> map.put(plain(name), !name.startsWith(NOT)));
        }
        map.put("question", false);
        return map;
    }

    /** Those of the names that the agent doesn't have. */
    static List<String> unknown(@Nullable List<String> names, Set<String> known, List<String> brought) {
        var unknown = new ArrayList<String>();
        if (names != null) {
            names.stream()
                    .map(Tools::plain)
                    .filter(name -> !known.contains(name)
                            && brought.stream().noneMatch(prefix -> name.startsWith(prefix + "_")))
                    .forEach(unknown::add);
        }
        return unknown;
    }

    private static String plain(String name) {
        return name.startsWith(NOT) ? name.substring(1) : name;
    }
}
