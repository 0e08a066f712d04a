package ai.in10nt.task;

import ai.in10nt.contracts.AgentRun;
import io.quarkus.rest.client.reactive.Url;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import org.eclipse.microprofile.rest.client.inject.RegisterRestClient;

/** The agent server in a machine, as far as runs go. */
@RegisterRestClient(configKey = "agent-server", baseUri = "http://127.0.0.1:3000")
@Path("/tasks/{taskId}")
interface AgentServer {
    @PUT
    AgentRun.Report put(
            @Url String agentUrl,
            @HeaderParam("Authorization") String authorization,
            @PathParam("taskId") String taskId,
            AgentRun.Request request);

    /**
     * How the run stands, and what the agent told since the event of a number.
     *
     * @param waitMs how long to hold the request for its end, or for another event
     */
    @GET
    @Path("/progress")
    AgentRun.Progress progress(
            @Url String agentUrl,
            @HeaderParam("Authorization") String authorization,
            @PathParam("taskId") String taskId,
            @QueryParam("after") long after,
            @QueryParam("waitMs") long waitMs);

    /** Aborts it, if it is the one that runs. */
    @DELETE
    void cancel(
            @Url String agentUrl,
            @HeaderParam("Authorization") String authorization,
            @PathParam("taskId") String taskId);
}
