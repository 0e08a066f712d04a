package ai.in10nt.gateway;

import ai.in10nt.contracts.AgentCommand;
import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.rest.client.reactive.Url;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Response;
import org.eclipse.microprofile.rest.client.inject.RegisterRestClient;

/** The agent server in a machine, as far as the gateway asks it. */
@RegisterRestClient(configKey = "agent-server", baseUri = "http://127.0.0.1:3000")
interface AgentServer {
    @GET
    @Path("/health")
    JsonNode health(@Url String agentUrl, @HeaderParam("Authorization") String authorization);

    /** 200 with the result when the command has ended, 202 when the time is over; the same id again is the same command. */
    @PUT
    @Path("/commands/{id}")
    Response execute(
            @Url String agentUrl,
            @HeaderParam("Authorization") String authorization,
            @PathParam("id") String id,
            @QueryParam("waitMs") long waitMs,
            AgentCommand.Request request);
}
