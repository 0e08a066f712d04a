package ai.in10nt.integration;

import ai.in10nt.bundles.Bundle;
import io.quarkus.rest.client.reactive.Url;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.rest.client.inject.RegisterRestClient;

/** The agent server in a machine, as far as integrations go. */
@RegisterRestClient(configKey = "agent-server", baseUri = "http://127.0.0.1:3000")
@Path("/integrations")
interface AgentServer {
    /**
     * What the agent's environment has of integrations from now on.
     *
     * @param revision rises with each other one
     * @param secrets names of the variables whose values are masked in logs
     * @param mcpServers of the partners, for the agent's MCP configuration
     */
    record Given(
            long revision, Map<String, String> environment, List<String> secrets, List<Bundle.McpServer> mcpServers) {
        @Override
        public String toString() {
            return "Given[" + revision + "]";
        }
    }

    /**
     * What the agent server says.
     *
     * @param applied whether the agent has it; not yet while a task runs
     */
    record Taken(boolean applied) {}

    @PUT
    Taken put(@Url String agentUrl, @HeaderParam("Authorization") String authorization, Given given);
}
