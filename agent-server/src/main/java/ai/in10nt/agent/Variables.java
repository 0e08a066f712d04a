package ai.in10nt.agent;

import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The instance's variables, put where {@code ${NAME}} stands: secrets come in here, and never travel with a run. */
final class Variables {
    static final Pattern NAMED = Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)}");
    /** This instance has no such variable. */
    static final class Unknown extends RuntimeException {
        Unknown(String name) {
            super("this instance has no variable " + name + "; give it in env.");
        }
    }

    private final AgentConfig config;

    Variables(AgentConfig config) {
        this.config = config;
    }

    private Map<String, String> values() {
        var values = config.integrations().environment();
        if (config.secrets().env() != null) {
            values.putAll(config.secrets().env());
        }
        return values;
    }

    String in(String text) {
        var values = values();
        return NAMED.matcher(text).replaceAll(match -> {
            var value = values.get(match.group(1));
            if (value == null) {
                throw new Unknown(match.group(1));
            }
            return Matcher.quoteReplacement(value);
        });
    }

    Map<String, String> in(Map<String, String> texts) {
        var put = new TreeMap<String, String>();
        texts.forEach((name, text) -> put.put(name, in(text)));
        return put;
    }
}
