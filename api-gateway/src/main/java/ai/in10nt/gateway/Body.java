package ai.in10nt.gateway;

import ai.in10nt.contracts.Json;
import ai.in10nt.gateway.Problem.FieldError;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A JSON request body being read: collects everything that is wrong with it, so that one answer names it all. */
final class Body {
    private static final ObjectMapper STRICT = strict();

    private final JsonNode root;
    private final List<FieldError> errors = new ArrayList<>();
    private final List<FieldError> notBuilt = new ArrayList<>();

    private Body(JsonNode root) {
        this.root = root;
    }

    private static ObjectMapper strict() {
        var mapper = JsonMapper.builder()
                .enable(com.fasterxml.jackson.databind.DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                .build();
        mapper.getFactory()
                .setStreamReadConstraints(StreamReadConstraints.builder()
                        .maxNestingDepth(100)
                        .maxStringLength(4 * 1024 * 1024)
                        .build());
        return mapper;
    }

    static Body parse(@Nullable String json) {
        if (json == null || json.isBlank()) {
            throw Problem.of(400, "malformed_json", "The body is empty; send a JSON object.");
        }
        if (json.length() > 2 * 1024 * 1024 || utf8(json) > 2 * 1024 * 1024) {
            throw Problem.of(413, "too_large", "The body is larger than 2 MiB.");
        }
        try {
            var root = STRICT.readTree(json);
            if (root == null || !root.isObject()) {
                throw Problem.of(400, "malformed_json", "The body must be a JSON object.");
            }
            return new Body(root);
        } catch (JsonProcessingException e) {
            var at = e.getLocation();
            throw Problem.of(
                    400,
                    "malformed_json",
                    "The body isn't valid JSON"
                            + (at == null ? "." : " at line " + at.getLineNr() + ", column " + at.getColumnNr() + "."));
        }
    }

    static int utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8).length;
    }

    void wrong(String field, String message) {
        var error = new FieldError(field, message);
        if (!errors.contains(error)) {
            errors.add(error);
        }
    }

    /** Absent and null are the same. */
    Optional<JsonNode> value(String field) {
        var node = root.get(field);
        return node == null || node.isNull() ? Optional.empty() : Optional.of(node);
    }

    private static final String STRING = "must be a string";

    Optional<String> text(String field) {
        var value = value(field);
        if (value.isPresent() && !value.get().isTextual()) {
            wrong(field, STRING);
            return Optional.empty();
        }
        return value.map(JsonNode::textValue);
    }

    /** A text, checked; the default, where it is absent or wrong. */
    String text(String field, String byDefault, Predicate<String> isRight, String message) {
        var text = text(field);
        if (text.isPresent() && !isRight.test(text.get())) {
            wrong(field, message);
        }
        return text.orElse(byDefault);
    }

    String required(String field, String message) {
        if (value(field).isEmpty()) {
            wrong(field, message);
            return "";
        }
        return text(field).orElse("");
    }

    boolean flag(String field, String alias, boolean byDefault) {
        var name = value(field).isPresent() ? field : alias;
        var value = value(name);
        if (value.isPresent() && !value.get().isBoolean()) {
            wrong(name, "must be true or false");
            return byDefault;
        }
        return value.map(JsonNode::booleanValue).orElse(byDefault);
    }

    Optional<Long> integer(String field, String alias, long min, long max) {
        var name = value(field).isPresent() ? field : alias;
        var value = value(name);
        if (value.isEmpty()) {
            return Optional.empty();
        }
        if (!value.get().isIntegralNumber() || !value.get().canConvertToLong()) {
            wrong(name, "must be a whole number");
            return Optional.empty();
        }
        long number = value.get().longValue();
        if (number < min || number > max) {
            wrong(name, "must be between " + min + " and " + max);
            return Optional.empty();
        }
        return Optional.of(number);
    }

    /** Ports that users may have. */
    List<Integer> ports(String field) {
        var ports = new ArrayList<Integer>();
        var value = value(field);
        if (value.isEmpty()
                || !value.get().isArray()
                || value.get().isEmpty()
                || value.get().size() > 100) {
            wrong(field, "must be an array of 1 to 100 port numbers");
            return ports;
        }
        value.get().forEach(port -> {
            if (port.isInt() && port.intValue() >= 1024 && port.intValue() <= 65535) {
                ports.add(port.intValue());
            } else {
                wrong(field, "must be numbers of 1024 to 65535");
            }
        });
        return ports;
    }

    List<String> texts(String field) {
        var texts = new ArrayList<String>();
        value(field).ifPresent(array -> {
            if (!array.isArray()) {
                wrong(field, "must be an array of strings");
                return;
            }
            array.forEach(item -> {
                if (item.isTextual()) {
                    texts.add(item.textValue());
                } else {
                    wrong(field, "must be an array of strings");
                }
            });
        });
        return texts;
    }

    Map<String, String> map(String field) {
        var map = new LinkedHashMap<String, String>();
        value(field).ifPresent(object -> {
            if (!object.isObject()) {
                wrong(field, "must be an object of strings");
                return;
            }
            object.properties().forEach(property -> {
                if (property.getValue().isTextual()) {
                    map.put(property.getKey(), property.getValue().textValue());
                } else {
                    wrong(field + "." + property.getKey(), STRING);
                }
            });
        });
        return map;
    }

    /** A field of the contract that isn't built: asking for it is refused, never ignored. */
    void notBuilt(String field) {
        value(field)
                .filter(value ->
                        !((value.isContainerNode() && value.isEmpty()) || (value.isBoolean() && !value.booleanValue())))
                .ifPresent(value -> notBuilt.add(new FieldError(field, "not built yet; leave it out")));
    }

    /** All has been read: bad fields first, then those that can't be done yet. */
    void done() {
        if (!errors.isEmpty()) {
            throw Problem.invalid(errors);
        }
        if (!notBuilt.isEmpty()) {
            throw Problem.notBuilt(notBuilt);
        }
    }

    @Override
    public String toString() {
        return "Body[" + Json.text(errors) + "]";
    }
}
