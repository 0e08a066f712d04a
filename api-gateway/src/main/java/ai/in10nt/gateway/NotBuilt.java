package ai.in10nt.gateway;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Paths of the contract that aren't built yet: each says so, by name, and never pretends. */
@Path("/")
public class NotBuilt {
    private final Caller caller;
    private final View view;

    NotBuilt(Caller caller, View view) {
        this.caller = caller;
        this.view = view;
    }

    private static final String OF_INSTANCE =
            "/instances/{id}/{what:execute|changes|tree|snapshot|ports|open-ports|tools"
                    + "|mcp-config|logs|integrations|tickets}";
    private static final String BELOW_INSTANCE = "/instances/{id}/{what:files|proxy|logs}/{rest:.*}";
    private static final String TOP =
            "/{what:saved-templates|templates|usage|stats|tasks|events|openapi|asyncapi|metrics}{rest:(/.*)?}";

    @GET
    @Path(OF_INSTANCE)
    public Uni<String> getOfInstance(@PathParam("id") String id, @PathParam("what") String what) {
        return ofInstance(id, what);
    }

    @POST
    @Path(OF_INSTANCE)
    public Uni<String> postOfInstance(@PathParam("id") String id, @PathParam("what") String what) {
        return ofInstance(id, what);
    }

    @PUT
    @Path(OF_INSTANCE)
    public Uni<String> putOfInstance(@PathParam("id") String id, @PathParam("what") String what) {
        return ofInstance(id, what);
    }

    @GET
    @Path(BELOW_INSTANCE)
    public Uni<String> getBelow(@PathParam("id") String id, @PathParam("what") String what) {
        return ofInstance(id, what);
    }

    @POST
    @Path(BELOW_INSTANCE)
    public Uni<String> postBelow(@PathParam("id") String id, @PathParam("what") String what) {
        return ofInstance(id, what);
    }

    @PUT
    @Path(BELOW_INSTANCE)
    public Uni<String> putBelow(@PathParam("id") String id, @PathParam("what") String what) {
        return ofInstance(id, what);
    }

    @DELETE
    @Path(BELOW_INSTANCE)
    public Uni<String> deleteBelow(@PathParam("id") String id, @PathParam("what") String what) {
        return ofInstance(id, what);
    }

    @GET
    @Path("/instances/{id}/tasks/{taskId}/events")
    public Uni<String> taskEvents(@PathParam("id") String id) {
        return ofInstance(id, "tasks/{taskId}/events");
    }

    @POST
    @Path("/instances/{id}/tasks/{taskId}/cancel")
    public Uni<String> postCancel(@PathParam("id") String id) {
        return ofInstance(id, "tasks/{taskId}/cancel");
    }

    @DELETE
    @Path("/instances/{id}/tasks/{taskId}")
    public Uni<String> cancel(@PathParam("id") String id) {
        return ofInstance(id, "DELETE tasks/{taskId}");
    }

    @POST
    @Path("/instances/from-saved-template")
    public String fromSavedTemplate() {
        throw notBuilt("/instances/from-saved-template");
    }

    @GET
    @Path(TOP)
    public String getTop(@PathParam("what") String what) {
        throw notBuilt("/" + what);
    }

    @POST
    @Path(TOP)
    public String postTop(@PathParam("what") String what) {
        throw notBuilt("/" + what);
    }

    @DELETE
    @Path(TOP)
    public String deleteTop(@PathParam("what") String what) {
        throw notBuilt("/" + what);
    }

    /** An instance that isn't there is still 404, another tenant's too. */
    private Uni<String> ofInstance(String id, String what) {
        return view.instance(caller.tenant(), id).map(_ -> {
            throw notBuilt("/instances/{id}/" + what);
        });
    }

    private static Problem notBuilt(@Nullable String path) {
        return Problem.notBuilt(List.of(new Problem.FieldError(String.valueOf(path), "this path isn't built yet")));
    }
}
