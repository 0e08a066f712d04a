package ai.in10nt.gateway;

import io.smallrye.mutiny.Uni;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpServerRequest;
import jakarta.enterprise.context.ApplicationScoped;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Who may do something, by the key that a request carries; for requests that are answered past JAX-RS. */
@ApplicationScoped
class Access {
    private static final String BEARER = "Bearer ";

    private final ApiKeys keys;

    Access(ApiKeys keys) {
        this.keys = keys;
    }

    /** The key's owner; a 401 or 403 problem otherwise. */
    Future<ApiKeys.ApiKey> byKey(HttpServerRequest request) {
        var secret = secret(request.getHeader("Authorization"), request.getHeader("X-API-Key"));
        if (secret.isEmpty()) {
            return Future.failedFuture(missing());
        }
        return future(keys.find(secret.get())).map(found -> {
            var key = found.orElseThrow(Access::unknown);
            var scope = Streams.scope(request);
            if (!key.scopes().contains(scope)) {
                throw Problem.of(403, "insufficient_scope", "This key lacks the scope " + scope + ".");
            }
            return key;
        });
    }

    static Problem missing() {
        return Problem.of(401, "unauthorized", "Send an API key: Authorization: Bearer KEY, or X-API-Key: KEY.");
    }

    static Problem unknown() {
        return Problem.of(401, "unauthorized", "The API key is unknown, expired or revoked.");
    }

    /** Bearer wins, where both are sent. */
    static Optional<String> secret(@Nullable String authorization, @Nullable String apiKey) {
        if (authorization != null && authorization.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
            return Optional.of(authorization.substring(BEARER.length()).strip());
        }
        return Optional.ofNullable(apiKey).map(String::strip);
    }

    /** On the caller's own context: a request and its answer are for one thread alone. */
    static <T> Future<T> future(Uni<T> uni) {
        var context = Objects.requireNonNull(Vertx.currentContext());
        var promise = Promise.<T>promise();
        uni.subscribe()
                .with(
                        item -> on(context, () -> promise.complete(item)),
                        failure -> on(context, () -> promise.fail(failure)));
        return promise.future();
    }

    private static void on(Context context, Runnable end) {
        if (context.equals(Vertx.currentContext())) {
            end.run();
        } else {
            context.runOnContext(_ -> end.run());
        }
    }
}
