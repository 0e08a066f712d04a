package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.IntegrationData;
import ai.in10nt.contracts.Json;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import org.jspecify.annotations.Nullable;

/** Integrations of an instance over HTTP: names and states; values go in, and never come out. */
@Path("/instances/{id}/integrations")
@Produces(MediaType.APPLICATION_JSON)
public class IntegrationsResource {
    private final Caller caller;
    private final View view;
    private final Integrations integrations;
    private final Idempotency idempotency;

    IntegrationsResource(Caller caller, View view, Integrations integrations, Idempotency idempotency) {
        this.caller = caller;
        this.view = view;
        this.integrations = integrations;
        this.idempotency = idempotency;
    }

    @GET
    @RunOnVirtualThread
    public String get(@PathParam("id") String id) {
        var instance = existing(id);
        return now(view.find(caller.tenant(), Resource.INTEGRATION, IntegrationData.idOf(new InstanceId(id))))
                .map(Resource::body)
                .orElseGet(() -> Json.text(IntegrationData.none(
                        new InstanceId(id), instance.instance().createdAt())));
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @RunOnVirtualThread
    public Response set(@PathParam("id") String id, @Nullable String body) {
        return idempotency.once(caller, body, ids -> {
            var instance = existing(id).instance();
            var read = Body.parse(body);
            var request = IntegrationRequest.ofSet(read);
            read.done();
            request.refuseUnlessFor(instance.agentType());
            var state = integrations.set(caller, instance.instanceId(), request, ids);
            return Response.ok(state.body()).build();
        });
    }

    @PUT
    @Consumes(MediaType.APPLICATION_JSON)
    @RunOnVirtualThread
    public Response put(@PathParam("id") String id, @Nullable String body) {
        return set(id, body);
    }

    private Resource existing(String id) {
        var instance = now(view.instance(caller.tenant(), id));
        if (instance.instance().status().isGone()) {
            throw Problem.of(409, "instance_destroyed", "The instance was destroyed; create a new one.");
        }
        return instance;
    }

    private static <T> T now(Uni<T> uni) {
        return uni.await().atMost(View.PATIENCE);
    }
}
