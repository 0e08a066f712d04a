package ai.in10nt.provisioner;

import io.quarkus.rest.client.reactive.Url;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.Path;
import org.eclipse.microprofile.rest.client.inject.RegisterRestClient;

/** The agent server in a machine, as far as the provisioner needs it. */
@RegisterRestClient(configKey = "agent-server", baseUri = "http://127.0.0.1:3000")
interface AgentServer {
    @GET
    @Path("/health")
    Health health(@Url String agentUrl, @HeaderParam("Authorization") String authorization);

    record Health(String status) {}
}
