package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.TaskCommand;
import ai.in10nt.contracts.TaskData;
import ai.in10nt.contracts.TaskId;
import ai.in10nt.contracts.Topic;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.Consumes;
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
import java.util.Map;
import java.util.Optional;
import org.eclipse.microprofile.rest.client.inject.RestClient;
import org.jboss.logging.Logger;
import org.jspecify.annotations.Nullable;

/** Tasks over HTTP. A caller who gives up, or a gateway that dies, never ends one. */
@Path("/instances/{id}")
@Produces(MediaType.APPLICATION_JSON)
public class TasksResource {
    private static final Logger LOG = Logger.getLogger(TasksResource.class);
    /** What deciding, waiting for health and writing the end may add to a run's own timeout. */
    private static final Duration ROOM = Duration.ofMinutes(3);

    private static final Duration DECIDED_WITHIN = Duration.ofSeconds(10);

    private final Caller caller;
    private final View view;
    private final Commands commands;
    private final Waiters waiters;
    private final Keysets keysets;
    private final Idempotency idempotency;
    private final GatewayConfig config;
    private final TaskService taskService;

    TasksResource(
            Caller caller,
            View view,
            Commands commands,
            Waiters waiters,
            Keysets keysets,
            Idempotency idempotency,
            GatewayConfig config,
            @RestClient TaskService taskService) {
        this.caller = caller;
        this.view = view;
        this.commands = commands;
        this.waiters = waiters;
        this.keysets = keysets;
        this.idempotency = idempotency;
        this.config = config;
        this.taskService = taskService;
    }

    @POST
    @Path("/run")
    @Consumes(MediaType.APPLICATION_JSON)
    @RunOnVirtualThread
    public Response run(
            @PathParam("id") String id, @Nullable String body, @HeaderParam("Prefer") @Nullable String prefer) {
        return idempotency.once(caller, body, ids -> run(id, body, ids, prefer));
    }

    private Response run(String id, @Nullable String body, RequestIds ids, @Nullable String prefer) {
        var instance = now(view.instance(caller.tenant(), id));
        var taskId = ids.task();
        // A repeated request whose task is there already isn't refused for what has become of the instance since.
        if (!ids.isRepeatable()
                || now(view.find(caller.tenant(), Resource.TASK, taskId.value()))
                        .isEmpty()) {
            Machines.refuseUnlessRunnable(instance.instance());
        }
        var request = RunRequest.from(Body.parse(body));
        var command = new TaskCommand.Run(
                taskId, new InstanceId(id), instance.revision(), request.prompt(), request.options());
        var placeholder = Resource.of(
                caller.tenant(), 0, TaskData.queued(command, Instant.now()).bounded());
        var deadline = Instant.now().plus(hold(request, prefer));
        var commandId = commands.accept(
                caller.tenant(),
                caller.trace(),
                Topic.TASK_COMMANDS,
                TaskCommand.typeOf(command),
                taskId.value(),
                command.instanceId(),
                command,
                ids,
                placeholder);
        // Accepted or refused is waited for, where that takes milliseconds: a refusal is to be an error.
        var decisionDeadline =
                commands.isKafkaAway() ? deadline : max(deadline, Instant.now().plus(DECIDED_WITHIN));
        var answer = commands.answer(commandId, taskId.value(), decisionDeadline);
        if (request.isAsync() || answer.isEmpty()) {
            return processing(id, taskId);
        }
        return waiters.until(taskId.value(), deadline, () -> over(taskId, id))
                .map(task -> Response.ok(whole(task)).build())
                .orElseGet(() -> processing(id, taskId));
    }

    private static Duration hold(RunRequest request, @Nullable String prefer) {
        if (request.isAsync()) {
            return Duration.ZERO;
        }
        return Prefer.hold(
                prefer, Duration.ofMillis(request.options().timeoutMs()).plus(ROOM));
    }

    private static Instant max(Instant a, Instant b) {
        return a.isAfter(b) ? a : b;
    }

    private static Response processing(String instance, TaskId id) {
        return Response.status(202)
                .header("Location", "/instances/" + instance + "/tasks/" + id)
                .entity(Json.text(Map.of("taskId", id, "status", "processing")))
                .build();
    }

    private Optional<Resource> over(TaskId taskId, String instanceId) {
        var task = now(view.task(caller.tenant(), instanceId, taskId.value()));
        return task.task().state().isOver() ? Optional.of(task) : Optional.empty();
    }

    @GET
    @Path("/tasks")
    public Uni<Response> list(@PathParam("id") String id, UriInfo uri) {
        var filter = Lists.filter(uri, id);
        return view.instance(caller.tenant(), id)
                .chain(() -> view.list(caller.tenant(), Resource.TASK, filter))
                .map(page -> Lists.answer(uri, filter, page));
    }

    @GET
    @Path("/tasks/{taskId}")
    @RunOnVirtualThread
    public String get(@PathParam("id") String id, @PathParam("taskId") String taskId) {
        now(view.instance(caller.tenant(), id));
        return whole(now(view.task(caller.tenant(), id, taskId)));
    }

    /** The view has prompt and response up to the events' bound; the rest is asked of their owner. */
    private String whole(Resource resource) {
        var task = resource.task();
        if (task.promptTruncated() == null && task.responseTruncated() == null) {
            return resource.body();
        }
        var bearer = "Bearer " + keysets.agentAccess().serviceToken("task-service");
        for (var replica : config.taskServices()) {
            try {
                return Json.text(taskService.task(replica, bearer, resource.id()));
            } catch (WebApplicationException | ProcessingException e) {
                LOG.infof("%s doesn't have %s: %s", replica, resource.id(), e.getMessage());
            }
        }
        throw Problem.unavailable("task_service_unavailable", "The whole text can't be fetched now; try again soon.");
    }

    private static <T> T now(Uni<T> uni) {
        return uni.await().atMost(View.PATIENCE);
    }
}
