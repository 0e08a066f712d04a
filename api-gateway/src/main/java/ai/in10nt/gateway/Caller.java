package ai.in10nt.gateway;

import jakarta.enterprise.context.RequestScoped;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who makes the request: set once by {@link Authentication}. */
@RequestScoped
class Caller {
    private String tenant = "";
    private String keyId = "";
    private Set<String> scopes = Set.of();
    private String requestId = "";
    private String method = "";
    private String path = "";
    private @Nullable String idempotencyKey;
    private String traceparent = "";

    void is(String keyId, String tenant, Set<String> scopes) {
        this.keyId = keyId;
        this.tenant = tenant;
        this.scopes = Set.copyOf(scopes);
    }

    void trace(String requestId, String traceparent) {
        this.requestId = requestId;
        this.traceparent = traceparent;
    }

    void asks(String method, String path, @Nullable String idempotencyKey) {
        this.method = method;
        this.path = path;
        this.idempotencyKey = idempotencyKey;
    }

    String method() {
        return method;
    }

    String path() {
        return path;
    }

    @Nullable
    String idempotencyKey() {
        return idempotencyKey;
    }

    String tenant() {
        return tenant;
    }

    String keyId() {
        return keyId;
    }

    String requestId() {
        return requestId;
    }

    String traceparent() {
        return traceparent;
    }

    boolean may(String scope) {
        return scopes.contains(scope);
    }

    void needs(String scope) {
        if (!may(scope)) {
            throw Problem.of(403, "insufficient_scope", "This key lacks the scope " + scope + ".");
        }
    }
}
