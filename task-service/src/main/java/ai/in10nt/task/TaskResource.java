package ai.in10nt.task;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.TaskData;
import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.NotAuthorizedException;
import jakarta.ws.rs.NotFoundException;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import org.jspecify.annotations.Nullable;

/** For the gateway: the whole prompt and response, where events carry only their beginning. */
@Path("/tasks/{taskId}")
public class TaskResource {
    private final TaskStore store;
    private final AgentAccess access;

    TaskResource(TaskStore store, AgentAccess access) {
        this.store = store;
        this.access = access;
    }

    @GET
    public Uni<TaskData> get(
            @PathParam("taskId") String taskId, @HeaderParam("Authorization") @Nullable String authorization) {
        if (!access.isService("task-service", authorization)) {
            throw new NotAuthorizedException("Bearer");
        }
        return store.task(taskId)
                .map(task -> task.map(Task::data).orElseThrow(() -> new NotFoundException("no task " + taskId)));
    }
}
