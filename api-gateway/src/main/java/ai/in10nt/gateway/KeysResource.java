package ai.in10nt.gateway;

import ai.in10nt.contracts.Json;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** API keys over HTTP, for keys with the scope {@code admin}. */
@Path("/keys")
@Produces(MediaType.APPLICATION_JSON)
public class KeysResource {
    private static final Pattern TENANT = Pattern.compile("[a-z0-9][a-z0-9-]{0,62}");

    private final Caller caller;
    private final ApiKeys keys;
    private final Keysets keysets;
    private final Idempotency idempotency;

    KeysResource(Caller caller, ApiKeys keys, Keysets keysets, Idempotency idempotency) {
        this.caller = caller;
        this.keys = keys;
        this.keysets = keysets;
        this.idempotency = idempotency;
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @RunOnVirtualThread
    public Response create(@Nullable String json) {
        caller.needs("admin");
        return idempotency.derived(caller, json, ids -> create(json, ids));
    }

    private Response create(@Nullable String json, RequestIds ids) {
        var id = ids.key();
        var secret = "in10nt_" + ids.secret(keysets.agentAccess());
        if (ids.isRepeatable()) {
            // What was made isn't refused for what has become of the request since, such as a time that has passed.
            var made = keys.made(id).await().atMost(View.PATIENCE);
            if (made.isPresent()) {
                return created(new ApiKeys.Created(made.get(), secret));
            }
        }
        var body = Body.parse(json);
        var name = body.required("name", "is required: what the key is for");
        if (name.length() > 64 || name.indexOf('\0') >= 0) {
            body.wrong("name", "must have at most 64 characters");
        }
        var scopes = scopes(body);
        var tenant = body.text(
                "tenant",
                caller.tenant(),
                TENANT.asMatchPredicate(),
                "must be lower-case letters, digits and dashes, at most 63");
        var expiresAt = expiresAt(body);
        body.done();
        if (!tenant.equals(caller.tenant())) {
            caller.needs("operator");
        }
        // Nobody hands out more than they have.
        scopes.forEach(caller::needs);
        return created(
                keys.create(id, secret, name, scopes, tenant, expiresAt).await().atMost(View.PATIENCE));
    }

    private static Response created(ApiKeys.Created created) {
        return Response.status(201).entity(ApiKeys.json(created)).build();
    }

    private static Set<String> scopes(Body body) {
        var scopes = new HashSet<>(body.texts("scopes"));
        if (scopes.isEmpty()) {
            return Set.of("read", "write");
        }
        if (!ApiKeys.SCOPES.containsAll(scopes)) {
            body.wrong("scopes", "must be among " + String.join(", ", ApiKeys.SCOPES));
        }
        return scopes;
    }

    private static @Nullable Instant expiresAt(Body body) {
        var text = body.text("expiresAt").orElse(null);
        if (text == null) {
            return null;
        }
        try {
            var at = OffsetDateTime.parse(text).toInstant();
            if (at.isBefore(Instant.now())) {
                body.wrong("expiresAt", "is in the past");
            }
            return at;
        } catch (DateTimeParseException e) {
            body.wrong("expiresAt", "must be an ISO-8601 time, e.g. 2027-01-01T00:00:00Z");
            return null;
        }
    }

    @GET
    public Uni<String> list() {
        caller.needs("admin");
        return keys.list(caller.tenant()).map(Json::text);
    }

    @DELETE
    @Path("/{keyId}")
    public Uni<String> revoke(@PathParam("keyId") String keyId) {
        caller.needs("admin");
        return keys.revoke(caller.tenant(), keyId).map(found -> {
            if (!found) {
                throw Problem.notFound("key", keyId);
            }
            return Json.text(Map.of("success", true, "keyId", keyId));
        });
    }
}
