package ai.in10nt.machines;

import java.util.List;
import java.util.Map;

/** Fly's regions. All are this host: the code is a label. */
final class Regions {
    private static final List<String> CODES = List.of(
            "ams", "arn", "bom", "cdg", "dfw", "ewr", "fra", "gru", "iad", "jnb", "lax", "lhr", "nrt", "ord", "sin",
            "sjc", "syd", "yyz");

    private Regions() {}

    static String require(String code) {
        if (!CODES.contains(code)) {
            throw FlyError.invalid("target region " + code + " not found");
        }
        return code;
    }

    /** In PascalCase, as the live API answers. */
    static Map<String, Object> answer() {
        return Map.of(
                "Nearest",
                "iad",
                "Regions",
                CODES.stream().map(code -> Map.of("code", code, "name", code)).toList());
    }
}
