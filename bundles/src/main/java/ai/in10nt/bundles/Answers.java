package ai.in10nt.bundles;

import ai.in10nt.bundles.Verification.Reply;
import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;

/** What partners say in their answers. */
public final class Answers {
    private static final int LONGEST = 200;

    private Answers() {}

    /** A text in their JSON, shortened; empty where there is none. */
    public static String text(Reply reply, String... path) {
        var node = json(reply);
        for (var name : path) {
            node = node.path(name);
        }
        return shortened(node.isValueNode() ? node.asText() : "");
    }

    public static boolean isTrue(Reply reply, String name) {
        return json(reply).path(name).asBoolean();
    }

    /** The first of a list of texts, or the whole answer where it isn't JSON. */
    public static String firstOrText(Reply reply, String name) {
        var json = json(reply);
        return json.isMissingNode()
                ? shortened(reply.body())
                : shortened(json.path(name).path(0).asText());
    }

    /** Where {@code X-OAuth-Scopes} is told. */
    public static List<String> missingScopes(Reply reply, List<String> wanted) {
        var scopes = reply.headers().get("x-oauth-scopes");
        if (scopes == null) {
            return List.of();
        }
        var given = Arrays.stream(scopes.split(",", -1)).map(String::strip).toList();
        return wanted.stream()
                .filter(scope -> !given.contains(scope))
                .map(scope -> "the token lacks the scope " + scope)
                .toList();
    }

    private static JsonNode json(Reply reply) {
        try {
            return Json.read(reply.body(), JsonNode.class);
        } catch (UncheckedIOException e) {
            return MissingNode.getInstance();
        }
    }

    private static String shortened(String text) {
        var line = text.replaceAll("\\p{Cntrl}", " ").strip();
        return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "…";
    }
}
