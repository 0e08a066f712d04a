package ai.in10nt.gateway;

import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.Trace;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.container.ContainerRequestContext;
import jakarta.ws.rs.container.ContainerResponseContext;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.Set;
import java.util.regex.Pattern;
import org.jboss.logging.MDC;
import org.jboss.resteasy.reactive.server.ServerRequestFilter;
import org.jboss.resteasy.reactive.server.ServerResponseFilter;
import org.jspecify.annotations.Nullable;

/** Finds out who calls, before anything else looks at the request. All but {@code GET /health} needs a key. */
class Authentication {
    static final Pattern REQUEST_ID = Pattern.compile("[\\x21-\\x7e]{1,128}");
    private static final Set<String> PUBLIC = Set.of("/health", "/metrics", "/openapi", "/asyncapi");
    static final String REQUEST_ID_HEADER = "X-Request-Id";

    private final ApiKeys keys;
    private final Caller caller;

    Authentication(ApiKeys keys, Caller caller) {
        this.keys = keys;
        this.caller = caller;
    }

    @ServerRequestFilter(preMatching = true)
    Uni<@Nullable Response> authenticate(ContainerRequestContext request) {
        trace(request);
        var path = request.getUriInfo().getPath();
        caller.asks(request.getMethod(), path, request.getHeaderString("Idempotency-Key"));
        if (PUBLIC.contains(path)) {
            return Uni.createFrom().nullItem();
        }
        if (tooLarge(request)) {
            return Uni.createFrom()
                    .item(Problem.of(413, "too_large", "The body is larger than 2 MiB.")
                            .response(path));
        }
        var secret =
                Access.secret(request.getHeaderString(HttpHeaders.AUTHORIZATION), request.getHeaderString("X-API-Key"));
        if (secret.isEmpty()) {
            return Uni.createFrom().item(Access.missing().response(path));
        }
        return keys.find(secret.get())
                .map(key -> key.isPresent()
                        ? admit(request, key.get(), path)
                        : Access.unknown().response(path));
    }

    private @Nullable Response admit(ContainerRequestContext request, ApiKeys.ApiKey key, String path) {
        caller.is(key.keyId(), key.tenant(), Set.copyOf(key.scopes()));
        if (path.equals("/keys") || path.startsWith("/keys/")) {
            // These need admin, and the resource says so itself.
            return null;
        }
        var scope = switch (request.getMethod()) {
            case "GET", "HEAD", "OPTIONS" -> "read";
            default -> "write";
        };
        return caller.may(scope)
                ? null
                : Problem.of(403, "insufficient_scope", "This key lacks the scope " + scope + ".")
                        .response(path);
    }

    private static boolean tooLarge(ContainerRequestContext request) {
        return request.getLength() > 2 * 1024 * 1024 || request.getLength() < -1;
    }

    private void trace(ContainerRequestContext request) {
        var id = request.getHeaderString(REQUEST_ID_HEADER);
        var requestId = id != null && REQUEST_ID.matcher(id).matches() ? id : Ids.request();
        caller.traced(Trace.of(request.getHeaderString("traceparent"), requestId));
        MDC.put("request", requestId);
        MDC.put("trace", caller.trace().traceId());
    }

    @ServerResponseFilter
    void echo(ContainerResponseContext response) {
        response.getHeaders().putSingle(REQUEST_ID_HEADER, caller.trace().requestId());
    }
}
