package ai.in10nt.gateway;

import io.vertx.core.buffer.Buffer;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.core.Response;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * {@code Idempotency-Key}: the same key and body, on the same path, give the first answer again for 24 hours. What the gateway
 * refuses before a command is on its way isn't remembered; what the owner answered is, refusals too.
 */
@ApplicationScoped
class Idempotency {
    private static final Pattern KEY = Pattern.compile("[\\x21-\\x7e]{1,255}");
    private static final Set<Integer> NO_ANSWER = Set.of(502, 503, 504);
    private static final String MINE = " where tenant = $1 and method = $2 and path = $3 and key = $4";

    private final Pool pool;
    private final Retention retention;
    private final SealedAnswers sealed;

    Idempotency(Pool pool, Retention retention, SealedAnswers sealed) {
        this.pool = pool;
        this.retention = retention;
        this.sealed = sealed;
    }

    /** Does the request, or answers as the first one was answered. */
    Response once(Caller caller, @Nullable String body, Function<RequestIds, Response> request) {
        return once(caller, body, false, request);
    }

    /**
     * The same for a request that goes to a machine past Kafka: its answer may hold secrets, and is kept sealed; that it is on its
     * way is noted in its own row, as there is no command's.
     */
    Response onceAtMachine(Caller caller, @Nullable String body, Function<RequestIds, Response> request) {
        return once(caller, body, true, request);
    }

    private Response once(
            Caller caller, @Nullable String body, boolean isAtMachine, Function<RequestIds, Response> request) {
        if (caller.idempotencyKey() == null) {
            return request.apply(RequestIds.random());
        }
        var names = names(caller);
        var row = findSame(names, body);
        if (row.getInteger("status") != null) {
            return response(row, names);
        }
        var ids = ids(names, row);
        if (isAtMachine) {
            ids.whenOnItsWay(() -> execute("update idempotency set under_way = true" + MINE, names));
        }
        try {
            return remember(names, request.apply(ids), row, isAtMachine);
        } catch (Problem problem) {
            // That somebody is away isn't an answer, even after the command went.
            if (ids.isOnItsWay() && !NO_ANSWER.contains(problem.status())) {
                return remember(names, problem.response(caller.path()), row, isAtMachine);
            }
            if (!ids.isOnItsWay()) {
                forget(names, row, ids.command());
            }
            throw problem;
        }
    }

    /**
     * Does a request whose answer holds a secret. Nothing of the answer is kept: the same ids make the same answer again, because
     * they are derived, and so is the secret.
     */
    Response derived(Caller caller, @Nullable String body, Function<RequestIds, Response> request) {
        if (caller.idempotencyKey() == null) {
            return request.apply(RequestIds.random());
        }
        var names = names(caller);
        var row = findSame(names, body);
        var ids = ids(names, row);
        try {
            return request.apply(ids);
        } catch (Problem refused) {
            forget(names, row, ids.command());
            throw refused;
        }
    }

    private static List<String> names(Caller caller) {
        var key = String.valueOf(caller.idempotencyKey());
        if (!KEY.matcher(key).matches()) {
            throw Problem.of(
                    400, "invalid_idempotency_key", "Idempotency-Key must be 1 to 255 visible ASCII characters.");
        }
        return List.of(caller.tenant(), caller.method(), caller.path(), key);
    }

    private static RequestIds ids(List<String> names, Row row) {
        return RequestIds.derived(
                String.join("\n", names), row.getOffsetDateTime("created_at").toInstant());
    }

    /** The row of the request's first try, which had the same body. */
    private Row findSame(List<String> names, @Nullable String body) {
        var row = find(names, sha256(body));
        if (!MessageDigest.isEqual(
                row.getBuffer("body_sha256").getBytes(), sha256(body).getBytes())) {
            throw Problem.of(
                    422, "idempotency_key_reused", "This Idempotency-Key was used with another body; use a new key.");
        }
        return row;
    }

    private Row find(List<String> names, Buffer hash) {
        execute(
                "delete from idempotency" + MINE + " and created_at < $5",
                names,
                retention.idempotencyEnd().atOffset(ZoneOffset.UTC));
        execute(
                "insert into idempotency (tenant, method, path, key, body_sha256) values ($1, $2, $3, $4, $5)"
                        + " on conflict do nothing",
                names,
                hash);
        var rows = pool.preparedQuery("select * from idempotency" + MINE)
                .execute(Tuple.from(List.copyOf(names)))
                .await()
                .atMost(View.PATIENCE);
        if (rows.size() == 0) {
            // The first request was refused just now, and forgotten.
            throw Problem.unavailable("try_again", "The first request with this key was just refused; try again.");
        }
        return rows.iterator().next();
    }

    /** Who is first to have an answer, has the answer. */
    private Response remember(List<String> names, Response response, Row row, boolean isSealed) {
        var text = String.valueOf(response.getEntity());
        execute(
                "update idempotency set status = $5, location = $6, media_type = $7, body = $8, sealed = $9" + MINE
                        + " and created_at = $10 and status is null",
                names,
                response.getStatus(),
                response.getHeaderString("Location"),
                Optional.ofNullable(response.getMediaType())
                        .map(Object::toString)
                        .orElse("application/json"),
                isSealed ? sealed.seal(text, names) : text,
                isSealed,
                row.getOffsetDateTime("created_at"));
        var answered = pool.preparedQuery("select * from idempotency" + MINE)
                .execute(Tuple.from(List.copyOf(names)))
                .await()
                .atMost(View.PATIENCE);
        return answered.size() == 0 ? response : response(answered.iterator().next(), names);
    }

    /** Unless an earlier try of the same request has its command on its way: that one counts. */
    private void forget(List<String> names, Row row, String command) {
        execute(
                "delete from idempotency" + MINE + " and created_at = $5 and status is null and not under_way"
                        + " and not exists (select 1 from request where command_id = $6)",
                names,
                row.getOffsetDateTime("created_at"),
                command);
    }

    private void execute(String sql, List<String> names, @Nullable Object... more) {
        var values = new ArrayList<@Nullable Object>(names);
        values.addAll(java.util.Arrays.asList(more));
        pool.preparedQuery(sql).execute(Tuple.from(values)).await().atMost(View.PATIENCE);
    }

    private Response response(Row row, List<String> names) {
        var body = row.getString("body");
        var response = Response.status(row.getInteger("status"))
                .type(row.getString("media_type"))
                .entity(Boolean.TRUE.equals(row.getBoolean("sealed")) ? sealed.open(body, names) : body);
        if (row.getString("location") != null) {
            response.header("Location", row.getString("location"));
        }
        return response.build();
    }

    private static Buffer sha256(@Nullable String body) {
        try {
            return Buffer.buffer(MessageDigest.getInstance("SHA-256")
                    .digest((body == null ? "" : body).getBytes(StandardCharsets.UTF_8)));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}
