package ai.in10nt.gateway;

import com.fasterxml.jackson.databind.JsonNode;
import io.quarkus.rest.client.reactive.Url;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.rest.client.inject.RegisterRestClient;
import org.jspecify.annotations.Nullable;

/** What an agent server tells of its workspace and ports; the first look at many files may take its time. */
@RegisterRestClient(configKey = "agent-workspace", baseUri = "http://127.0.0.1:3000")
interface AgentWorkspace {
    @GET
    @Path("/tree")
    String tree(
            @Url String agentUrl,
            @HeaderParam("Authorization") String authorization,
            @QueryParam("path") String path,
            @QueryParam("depth") int depth);

    @GET
    @Path("/changes")
    String changes(
            @Url String agentUrl, @HeaderParam("Authorization") String authorization, @QueryParam("diff") boolean diff);

    @POST
    @Path("/changes/baseline")
    String accept(@Url String agentUrl, @HeaderParam("Authorization") String authorization);

    @GET
    @Path("/ports")
    JsonNode ports(@Url String agentUrl, @HeaderParam("Authorization") String authorization);

    @POST
    @Path("/ports")
    @Consumes(MediaType.APPLICATION_JSON)
    JsonNode open(
            @Url String agentUrl, @HeaderParam("Authorization") String authorization, Map<String, List<Integer>> ports);

    @GET
    @Path("/tools")
    String tools(@Url String agentUrl, @HeaderParam("Authorization") String authorization);

    @GET
    @Path("/mcp")
    String mcp(@Url String agentUrl, @HeaderParam("Authorization") String authorization);

    @DELETE
    @Path("/files")
    String delete(
            @Url String agentUrl,
            @HeaderParam("Authorization") String authorization,
            @QueryParam("path") String path,
            @HeaderParam("If-Match") @Nullable String ifMatch);
}
