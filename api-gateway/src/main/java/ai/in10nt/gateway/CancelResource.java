package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.TaskCommand;
import ai.in10nt.contracts.TaskId;
import ai.in10nt.contracts.Topic;
import io.smallrye.common.annotation.RunOnVirtualThread;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Instant;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Ends a task that nobody wants any more. One that is over stays as it is, and the answer says so. */
@Path("/instances/{id}/tasks/{taskId}")
@Produces(MediaType.APPLICATION_JSON)
public class CancelResource {
    private final Caller caller;
    private final View view;
    private final Commands commands;
    private final Waiters waiters;
    private final Idempotency idempotency;
    private final GatewayConfig config;

    CancelResource(
            Caller caller,
            View view,
            Commands commands,
            Waiters waiters,
            Idempotency idempotency,
            GatewayConfig config) {
        this.caller = caller;
        this.view = view;
        this.commands = commands;
        this.waiters = waiters;
        this.idempotency = idempotency;
        this.config = config;
    }

    @DELETE
    @RunOnVirtualThread
    public Response delete(
            @PathParam("id") String id,
            @PathParam("taskId") String taskId,
            @HeaderParam("Prefer") @Nullable String prefer) {
        return idempotency.once(caller, null, ids -> cancel(id, taskId, ids, prefer));
    }

    @POST
    @Path("/cancel")
    @RunOnVirtualThread
    public Response post(
            @PathParam("id") String id,
            @PathParam("taskId") String taskId,
            @HeaderParam("Prefer") @Nullable String prefer) {
        return idempotency.once(caller, null, ids -> cancel(id, taskId, ids, prefer));
    }

    private Response cancel(String id, String taskId, RequestIds ids, @Nullable String prefer) {
        if (now(view.instance(caller.tenant(), id)).instance().status().isGone()) {
            throw Problem.of(409, "instance_destroyed", "The instance was destroyed; its tasks are over.");
        }
        now(view.task(caller.tenant(), id, taskId));
        var deadline = Instant.now().plus(Prefer.hold(prefer, config.hold()));
        var command = new TaskCommand.Cancel(new TaskId(taskId), new InstanceId(id));
        var commandId = commands.accept(
                caller.tenant(),
                caller.trace(),
                Topic.TASK_COMMANDS,
                TaskCommand.typeOf(command),
                taskId,
                command.instanceId(),
                command,
                ids,
                null);
        boolean isDecided = commands.answer(commandId, taskId, deadline).isPresent();
        var over = isDecided ? waiters.until(taskId, deadline, () -> over(id, taskId)) : Optional.<Resource>empty();
        return over.map(task -> Response.ok(task.body()).build())
                .orElseGet(() -> Response.status(202)
                        .header("Location", "/instances/" + id + "/tasks/" + taskId)
                        .entity(now(view.task(caller.tenant(), id, taskId)).body())
                        .build());
    }

    private Optional<Resource> over(String id, String taskId) {
        return Optional.of(now(view.task(caller.tenant(), id, taskId)))
                .filter(task -> task.task().state().isOver());
    }

    private static <T> T now(Uni<T> uni) {
        return uni.await().atMost(View.PATIENCE);
    }
}
