package ai.in10nt.gateway;

import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.Json;
import io.quarkus.runtime.StartupEvent;
import io.smallrye.mutiny.Uni;
import io.vertx.core.buffer.Buffer;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.annotation.Priority;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * API keys at rest: 256 random bits each, so a plain SHA-256 is all that need be stored. A key that was found is remembered for
 * {@link #KNOWN_FOR}; who revokes one gets the answer after that time, so that it is revoked on every replica when that is said.
 */
@ApplicationScoped
class ApiKeys {
    static final List<String> SCOPES = List.of("read", "write", "admin", "operator");

    /** A key as {@code GET /keys} shows it. */
    record ApiKey(
            String keyId,
            String name,
            List<String> scopes,
            String tenant,
            @Nullable Instant expiresAt,
            Instant createdAt) {}

    private static final Duration KNOWN_FOR = Duration.ofMillis(500);
    private static final int MOST_KNOWN = 10_000;

    private record Known(ApiKey key, long until) {}

    private static final String COLUMNS = "id, name, scopes, tenant, expires_at, created_at";

    private final Pool pool;
    private final GatewayConfig config;
    private final Map<Buffer, Known> known = new ConcurrentHashMap<>();

    ApiKeys(Pool pool, GatewayConfig config) {
        this.pool = pool;
        this.config = config;
    }

    /** The operator's first key, which comes with the installation; it may do everything in tenant {@code default}. */
    void addFirst(@Observes @Priority(100) StartupEvent event) {
        config.firstKey().ifPresent(file -> {
            try {
                var key = Files.readString(file).strip();
                pool.preparedQuery("insert into api_key (id, sha256, name, tenant, scopes) values ($1, $2, $3, $4, $5)"
                                + " on conflict (sha256) do nothing")
                        .execute(Tuple.from(
                                List.of(Ids.key(), hash(key), "first key", "default", SCOPES.toArray(String[]::new))))
                        .await()
                        .atMost(Duration.ofSeconds(30));
            } catch (IOException e) {
                throw new UncheckedIOException("the first API key", e);
            }
        });
    }

    /** The key that this secret is, unless it is unknown, revoked or expired. */
    Uni<Optional<ApiKey>> find(String secret) {
        var hash = hash(secret);
        // From before the question: whatever is revoked after it is known no longer than that.
        long until = System.nanoTime() + KNOWN_FOR.toNanos();
        var recent = known.get(hash);
        if (recent != null && recent.until > System.nanoTime()) {
            var expires = recent.key.expiresAt();
            if (expires == null || expires.isAfter(Instant.now())) {
                return Uni.createFrom().item(Optional.of(recent.key));
            }
        }
        return pool.preparedQuery("select " + COLUMNS + " from api_key where sha256 = $1 and revoked_at is null"
                        + " and (expires_at is null or expires_at > now())")
                .execute(Tuple.of(hash))
                .ifNoItem()
                .after(View.PATIENCE)
                .fail()
                .map(rows -> {
                    if (rows.size() == 0) {
                        known.remove(hash);
                        return Optional.empty();
                    }
                    var key = key(rows.iterator().next());
                    remember(hash, new Known(key, until));
                    return Optional.of(key);
                });
    }

    private void remember(Buffer hash, Known key) {
        if (known.size() >= MOST_KNOWN) {
            known.values().removeIf(old -> old.until < System.nanoTime());
        }
        if (known.size() < MOST_KNOWN) {
            known.put(hash, key);
        }
    }

    /** The new key and its secret, which is not kept. */
    record Created(ApiKey key, String secret) {
        @Override
        public String toString() {
            return "Created[" + key.keyId + "]";
        }
    }

    /** Makes it, or finds the one that the same request made. */
    Uni<Created> create(
            String id, String secret, String name, Set<String> scopes, String tenant, @Nullable Instant expiresAt) {
        var values =
                new ArrayList<@Nullable Object>(List.of(id, hash(secret), name, tenant, scopes.toArray(String[]::new)));
        values.add(expiresAt == null ? null : expiresAt.atOffset(ZoneOffset.UTC));
        return pool.preparedQuery("insert into api_key (id, sha256, name, tenant, scopes, expires_at)"
                        + " values ($1, $2, $3, $4, $5, $6) on conflict (id) do nothing")
                .execute(Tuple.from(values))
                .chain(() -> made(id))
                .map(key -> new Created(key.orElseThrow(), secret));
    }

    Uni<Optional<ApiKey>> made(String id) {
        return pool.preparedQuery("select " + COLUMNS + " from api_key where id = $1")
                .execute(Tuple.of(id))
                .map(rows -> rows.size() == 0
                        ? Optional.empty()
                        : Optional.of(key(rows.iterator().next())));
    }

    Uni<List<ApiKey>> list(String tenant) {
        return pool.preparedQuery(
                        "select " + COLUMNS + " from api_key where tenant = $1 and revoked_at is null order by id desc")
                .execute(Tuple.of(tenant))
                .ifNoItem()
                .after(View.PATIENCE)
                .fail()
                .map(rows -> {
                    var keys = new ArrayList<ApiKey>();
                    rows.forEach(row -> keys.add(key(row)));
                    return keys;
                });
    }

    /** Whether there was one; said when no replica knows it any more. */
    Uni<Boolean> revoke(String tenant, String id) {
        return pool.preparedQuery(
                        "update api_key set revoked_at = coalesce(revoked_at, now()) where id = $1 and tenant = $2")
                .execute(Tuple.of(id, tenant))
                .ifNoItem()
                .after(View.PATIENCE)
                .fail()
                .map(rows -> rows.rowCount() == 1)
                .call(found -> found
                        ? Uni.createFrom().voidItem().onItem().delayIt().by(KNOWN_FOR)
                        : Uni.createFrom().voidItem());
    }

    private static ApiKey key(Row row) {
        var expires = row.getOffsetDateTime("expires_at");
        OffsetDateTime created = row.getOffsetDateTime("created_at");
        return new ApiKey(
                row.getString("id"),
                row.getString("name"),
                List.of(row.getArrayOfStrings("scopes")),
                row.getString("tenant"),
                expires == null ? null : expires.toInstant(),
                created.toInstant());
    }

    private static Buffer hash(String secret) {
        try {
            return Buffer.buffer(MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    static String json(Created created) {
        var json = Json.MAPPER.<com.fasterxml.jackson.databind.node.ObjectNode>valueToTree(created.key());
        json.put("key", created.secret());
        return Json.text(json);
    }
}
