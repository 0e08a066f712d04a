package ai.in10nt.gateway;

import ai.in10nt.contracts.TaskData;
import io.quarkus.rest.client.reactive.Url;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import org.eclipse.microprofile.rest.client.inject.RegisterRestClient;

/** The owner of tasks, for what events carry only the beginning of. */
@RegisterRestClient(configKey = "task-service", baseUri = "http://127.0.0.1:8082")
interface TaskService {
    @GET
    @Path("/tasks/{taskId}")
    TaskData task(
            @Url String baseUrl,
            @HeaderParam("Authorization") String authorization,
            @PathParam("taskId") String taskId);
}
