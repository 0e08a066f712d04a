package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Takes an image's reference apart, {@code [registry/]repository[:tag][@digest]}, as Docker reads it. */
final class ImageRef {
    private ImageRef() {}

    static ObjectNode of(String image) {
        int at = image.indexOf('@');
        var named = at < 0 ? image : image.substring(0, at);
        int slash = named.indexOf('/');
        var first = slash < 0 ? "" : named.substring(0, slash);
        boolean hasRegistry = first.contains(".") || first.contains(":") || first.equals("localhost");
        var rest = hasRegistry ? named.substring(slash + 1) : named;
        int colon = rest.lastIndexOf(':');
        var ref = Json.MAPPER.createObjectNode();
        ref.put("registry", hasRegistry ? first : "docker-hub-mirror.fly.io");
        ref.put("repository", colon < 0 ? rest : rest.substring(0, colon));
        ref.put("tag", colon < 0 ? "latest" : rest.substring(colon + 1));
        if (at >= 0) {
            ref.put("digest", image.substring(at + 1));
        }
        return ref;
    }
}
