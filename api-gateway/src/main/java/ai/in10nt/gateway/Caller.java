package ai.in10nt.gateway;

import ai.in10nt.contracts.Trace;
import jakarta.enterprise.context.RequestScoped;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Who makes the request: set once by {@link Authentication}. */
@RequestScoped
class Caller {
    private String tenant = "";
    private String keyId = "";
    private Set<String> scopes = Set.of();
    private String method = "";
    private String path = "";
    private @Nullable String idempotencyKey;
    private Trace trace = Trace.of(null, "");

    void is(String keyId, String tenant, Set<String> scopes) {
        this.keyId = keyId;
        this.tenant = tenant;
        this.scopes = Set.copyOf(scopes);
    }

    void traced(Trace trace) {
        this.trace = trace;
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

    Trace trace() {
        return trace;
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
