package ai.in10nt.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.rest.client.reactive.Url;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import org.eclipse.microprofile.rest.client.inject.RegisterRestClient;

/** The agent server in a machine, as far as the gateway reads from it. */
@RegisterRestClient(configKey = "agent-server", baseUri = "http://127.0.0.1:3000")
interface AgentServer {
    @GET
    @Path("/health")
    JsonNode health(@Url String agentUrl, @HeaderParam("Authorization") String authorization);
}
