package ai.in10nt.gateway;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.HeaderParam;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.eclipse.microprofile.rest.client.inject.RestClient;
import org.jspecify.annotations.Nullable;

/** What is in the machine of an instance: its files, what changed in them, its ports and tools. */
@Path("/instances/{id}")
@Produces(MediaType.APPLICATION_JSON)
public class WorkspaceResource {
    private static final int MAX_DEPTH = 64;

    private final Caller caller;
    private final Idempotency idempotency;
    private final Machines machines;
    private final Tickets tickets;
    private final View view;
    private final AgentWorkspace agent;
    private final GatewayConfig config;

    WorkspaceResource(
            Caller caller,
            Idempotency idempotency,
            Machines machines,
            Tickets tickets,
            View view,
            @RestClient AgentWorkspace agent,
            GatewayConfig config) {
        this.caller = caller;
        this.idempotency = idempotency;
        this.machines = machines;
        this.tickets = tickets;
        this.view = view;
        this.agent = agent;
        this.config = config;
    }

    @GET
    @Path("/tree")
    @RunOnVirtualThread
    public String tree(
            @PathParam("id") String id,
            @QueryParam("path") @Nullable String path,
            @QueryParam("depth") @Nullable String depth) {
        int levels = depth == null ? MAX_DEPTH : number("depth", depth, MAX_DEPTH);
        return ask(id, (url, token) -> agent.tree(url, token, path == null ? "" : path, levels));
    }

    @GET
    @Path("/changes")
    @RunOnVirtualThread
    public String changes(@PathParam("id") String id, @QueryParam("diff") @Nullable String diff) {
        if (diff != null && !diff.equals("true") && !diff.equals("false")) {
            throw invalid("diff", "must be true or false");
        }
        return ask(id, (url, token) -> agent.changes(url, token, "true".equals(diff)));
    }

    /** What is there now counts as unchanged from now on. */
    @POST
    @Path("/changes/baseline")
    @RunOnVirtualThread
    public Response accept(@PathParam("id") String id) {
        return idempotency.onceAtMachine(caller, null, ids -> {
            var files = ask(id, (url, token) -> {
                ids.onItsWay();
                return agent.accept(url, token);
            });
            return Response.ok(files).build();
        });
    }

    @DELETE
    @Path("/files/{path:.*}")
    @RunOnVirtualThread
    public Response delete(
            @PathParam("id") String id,
            @PathParam("path") String path,
            @HeaderParam("If-Match") @Nullable String ifMatch) {
        return idempotency.onceAtMachine(caller, null, ids -> {
            var deleted = ask(id, (url, token) -> {
                ids.onItsWay();
                return agent.delete(url, token, path, ifMatch);
            });
            return Response.ok(deleted).build();
        });
    }

    @GET
    @Path("/ports")
    @RunOnVirtualThread
    public String ports(@PathParam("id") String id, UriInfo uri) {
        return withUrls(ask(id, agent::ports), id, uri);
    }

    @POST
    @Path("/open-ports")
    @Consumes(MediaType.APPLICATION_JSON)
    @RunOnVirtualThread
    public Response open(@PathParam("id") String id, @Nullable String json, UriInfo uri) {
        return idempotency.onceAtMachine(caller, json, ids -> {
            var body = Body.parse(json);
            var ports = body.ports("ports");
            body.done();
            var all = ask(id, (url, token) -> {
                ids.onItsWay();
                return agent.open(url, token, Map.of("ports", ports));
            });
            return Response.ok(withUrls(all, id, uri)).build();
        });
    }

    @GET
    @Path("/tools")
    @RunOnVirtualThread
    public String tools(@PathParam("id") String id) {
        return ask(id, agent::tools);
    }

    @GET
    @Path("/mcp-config")
    @RunOnVirtualThread
    public String mcpConfig(@PathParam("id") String id) {
        return ask(id, agent::mcp);
    }

    /** For browsers, which can't send a key with a page. */
    @POST
    @Path("/tickets")
    @Consumes(MediaType.APPLICATION_JSON)
    @RunOnVirtualThread
    public Response ticket(@PathParam("id") String id, @Nullable String json) {
        return idempotency.derived(caller, json, ids -> {
            var body = Body.parse(json);
            var what = body.required("for", "is required: port or logs");
            boolean isForLogs = what.equals("logs");
            if (!what.isEmpty() && !isForLogs && !what.equals("port")) {
                body.wrong("for", "must be port or logs");
            }
            var port = body.integer("port", "port", 1024, 65535);
            if (port.isEmpty() && !isForLogs) {
                body.wrong("port", "is required: 1024 to 65535");
            }
            body.done();
            var instance = view.instance(caller.tenant(), id)
                    .await()
                    .atMost(View.PATIENCE)
                    .instance();
            if (!isForLogs) {
                Machines.refuseUnlessRunnable(instance);
            }
            var until = ids.firstAskedAt(Instant.now()).plus(Tickets.VALID);
            var ticket = new Tickets.Ticket(
                    caller.tenant(),
                    id,
                    isForLogs ? Tickets.LOGS : port.orElseThrow().intValue(),
                    instance.generation(),
                    false,
                    until.getEpochSecond());
            return Response.status(201)
                    .entity(Json.text(Map.of(
                            "ticket",
                            tickets.sign(ticket),
                            "expiresAt",
                            Instant.ofEpochSecond(until.getEpochSecond()))))
                    .build();
        });
    }

    private <T> T ask(String id, BiFunction<String, String, T> question) {
        return machines.ask(caller.tenant(), id, address -> question.apply(address.url(), address.authorization()));
    }

    private String withUrls(JsonNode answer, String id, UriInfo uri) {
        var base =
                config.publicUrl().orElseGet(() -> uri.getBaseUri().toString()).replaceAll("/+$", "");
        answer.path("ports")
                .forEach(port -> ((ObjectNode) port)
                        .put(
                                "url",
                                base + "/instances/" + id + "/proxy/"
                                        + port.path("port").asInt() + "/"));
        return Json.text(answer);
    }

    private static int number(String field, String text, int max) {
        try {
            int number = Integer.parseInt(text);
            if (number >= 1 && number <= max) {
                return number;
            }
        } catch (NumberFormatException e) {
            throw invalid(field, "must be a number of 1 to " + max);
        }
        throw invalid(field, "must be a number of 1 to " + max);
    }

    private static Problem invalid(String field, String message) {
        return Problem.invalid(List.of(new Problem.FieldError(field, message)));
    }
}
