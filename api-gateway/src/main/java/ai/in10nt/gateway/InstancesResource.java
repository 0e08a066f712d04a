package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceCommand;
import ai.in10nt.contracts.InstanceData;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Topic;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Instances over HTTP. A write answers once the view holds what came of it. */
@Path("/instances")
@Produces(MediaType.APPLICATION_JSON)
public class InstancesResource {
    private static final Set<InstanceStatus> BOOTED = EnumSet.of(InstanceStatus.HEALTHY, InstanceStatus.FAILED);

    private final Caller caller;
    private final View view;
    private final Commands commands;
    private final Waiters waiters;
    private final GatewayConfig config;
    private final Keysets keysets;
    private final Idempotency idempotency;
    private final Machines machines;
    private final Integrations integrations;

    InstancesResource(
            Caller caller,
            View view,
            Commands commands,
            Waiters waiters,
            GatewayConfig config,
            Keysets keysets,
            Idempotency idempotency,
            Machines machines,
            Integrations integrations) {
        this.caller = caller;
        this.view = view;
        this.commands = commands;
        this.waiters = waiters;
        this.config = config;
        this.keysets = keysets;
        this.idempotency = idempotency;
        this.machines = machines;
        this.integrations = integrations;
    }

    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @RunOnVirtualThread
    public Response create(@Nullable String body, @HeaderParam("Prefer") @Nullable String prefer) {
        return idempotency.once(caller, body, ids -> create(InstanceRequest.from(Body.parse(body)), ids, prefer));
    }

    private Response create(InstanceRequest request, RequestIds ids, @Nullable String prefer) {
        var id = ids.instance();
        var command = new InstanceCommand.Create(
                id,
                request.name(),
                request.description(),
                request.agentType(),
                request.vmSize(),
                request.region(),
                List.copyOf(request.env().keySet()),
                seal(id, request.env()),
                request.labels(),
                request.autoStopMinutes(),
                request.ttlMinutes(),
                request.uniqueName() ? true : null,
                request.integrations().names());
        if (!request.integrations().names().isEmpty()) {
            // First, so that the machine's first boot finds them. Of an instance that is refused they are forgotten.
            integrations.decide(caller, id, request.integrations(), ids.before());
        }
        var placeholder = Resource.of(caller.tenant(), 0, InstanceData.created(command, Instant.now()));
        var state = submit(command, ids, placeholder, BOOTED, false, prefer);
        boolean isSettled = BOOTED.contains(state.instance().status());
        return isSettled || !hasPrefer(prefer) ? created(state) : accepted(state);
    }

    private static boolean hasPrefer(@Nullable String prefer) {
        return !Prefer.hold(prefer, Duration.ofDays(1)).equals(Duration.ofDays(1));
    }

    private static Response created(Resource state) {
        return Response.status(201)
                .header("Location", "/instances/" + state.id())
                .entity(state.body())
                .build();
    }

    private static Response accepted(Resource state) {
        return Response.status(202)
                .header("Location", "/instances/" + state.id())
                .entity(state.body())
                .build();
    }

    private @Nullable String seal(InstanceId id, Map<String, String> env) {
        return env.isEmpty() ? null : keysets.toProvisioner().seal(caller.tenant(), id, Json.text(env));
    }

    @POST
    @Path("/from-saved-template")
    public Response fromSavedTemplate() {
        throw NotBuilt.problem("/instances/from-saved-template");
    }

    @GET
    public Uni<Response> list(UriInfo uri) {
        var filter = Lists.filter(uri, null);
        return view.list(caller.tenant(), Resource.INSTANCE, filter).map(page -> Lists.answer(uri, filter, page));
    }

    @GET
    @Path("/by-name/{name}")
    public Uni<String> byName(@PathParam("name") String name) {
        return view.byName(caller.tenant(), name)
                .map(found ->
                        found.map(Resource::body).orElseThrow(() -> Problem.notFound("instance", "named " + name)));
    }

    @POST
    @Path("/{id}/start")
    @RunOnVirtualThread
    public Response start(@PathParam("id") String id, @HeaderParam("Prefer") @Nullable String prefer) {
        return settle(new InstanceCommand.Start(existing(id)), BOOTED, prefer);
    }

    @POST
    @Path("/{id}/restart")
    @RunOnVirtualThread
    public Response restart(@PathParam("id") String id, @HeaderParam("Prefer") @Nullable String prefer) {
        return settle(new InstanceCommand.Restart(existing(id)), BOOTED, prefer);
    }

    @POST
    @Path("/{id}/stop")
    @RunOnVirtualThread
    public Response stop(@PathParam("id") String id, @HeaderParam("Prefer") @Nullable String prefer) {
        return settle(new InstanceCommand.Stop(existing(id)), EnumSet.of(InstanceStatus.STOPPED), prefer);
    }

    @DELETE
    @Path("/{id}")
    @RunOnVirtualThread
    public Response destroy(@PathParam("id") String id, @HeaderParam("Prefer") @Nullable String prefer) {
        var command = new InstanceCommand.Destroy(existing(id));
        return idempotency.once(caller, null, ids -> {
            var state = submit(command, ids, null, EnumSet.of(InstanceStatus.DESTROYED), true, prefer);
            return state.instance().status() == InstanceStatus.DESTROYED
                    ? Response.ok(Json.text(Map.of("success", true, "instanceId", id)))
                            .build()
                    : accepted(state);
        });
    }

    @GET
    @Path("/{id}/health")
    @RunOnVirtualThread
    public String health(@PathParam("id") String id) {
        var instance = now(view.instance(caller.tenant(), id)).instance();
        if (instance.status().isGone()) {
            throw Problem.of(409, "instance_destroyed", "The instance was destroyed; create a new one.");
        }
        var health = new LinkedHashMap<String, Object>();
        health.put("status", statusOf(instance));
        if (instance.status() == InstanceStatus.HEALTHY && instance.agentUrl() != null) {
            try {
                health.put("agent", machines.health(instance));
            } catch (WebApplicationException | ProcessingException e) {
                health.put("status", "unhealthy");
            }
        }
        health.put("checkedAt", Instant.now());
        return Json.text(health);
    }

    private static String statusOf(InstanceData instance) {
        return switch (instance.status()) {
            case HEALTHY -> "healthy";
            case PROVISIONING, STARTING -> "starting";
            case UNHEALTHY, FAILED -> "unhealthy";
            case STOPPING, STOPPED, DESTROYING, DESTROYED -> "stopped";
        };
    }

    private InstanceId existing(String id) {
        now(view.instance(caller.tenant(), id));
        return new InstanceId(id);
    }

    private Response settle(InstanceCommand command, Set<InstanceStatus> settled, @Nullable String prefer) {
        return idempotency.once(caller, null, ids -> {
            var state = submit(command, ids, null, settled, settled.contains(InstanceStatus.STOPPED), prefer);
            return settled.contains(state.instance().status())
                    ? Response.ok(state.body()).build()
                    : accepted(state);
        });
    }

    /** Has it decided and waits for one of the settled states; answers the state there is when the time is over. */
    private Resource submit(
            InstanceCommand command,
            RequestIds ids,
            @Nullable Resource placeholder,
            Set<InstanceStatus> settled,
            boolean tasksToo,
            @Nullable String prefer) {
        var id = command.instanceId();
        var deadline = Instant.now().plus(Prefer.hold(prefer, config.hold()));
        var commandId = commands.accept(
                caller.tenant(),
                caller.trace(),
                Topic.INSTANCE_COMMANDS,
                InstanceCommand.typeOf(command),
                id.value(),
                id,
                command,
                ids,
                placeholder);
        var answer = commands.answer(commandId, id.value(), deadline);
        if (answer.isPresent()) {
            var state = waiters.until(id.value(), deadline, () -> settledState(id, answer.get(), settled, tasksToo));
            if (state.isPresent()) {
                return state.get();
            }
        }
        return now(view.instance(caller.tenant(), id.value()));
    }

    private Optional<Resource> settledState(
            InstanceId id, Commands.Answer answer, Set<InstanceStatus> settled, boolean tasksToo) {
        var state = now(view.instance(caller.tenant(), id.value()));
        boolean isDecided = answer.revision() == null || state.revision() >= answer.revision();
        boolean isSettled = settled.contains(state.instance().status())
                || state.instance().status() == InstanceStatus.DESTROYED
                || state.instance().status() == InstanceStatus.FAILED;
        return isDecided && isSettled && !(tasksToo && now(view.hasOpenTasks(id.value())))
                ? Optional.of(state)
                : Optional.empty();
    }

    private static <T> T now(Uni<T> uni) {
        return uni.await().atMost(View.PATIENCE);
    }
}
