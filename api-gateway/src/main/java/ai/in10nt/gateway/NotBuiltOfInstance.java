package ai.in10nt.gateway;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;

/** Paths of one instance that the contract has and that aren't built yet. One that isn't there is still 404. */
@Path("/instances/{id}")
public class NotBuiltOfInstance {
    private static final String ONE =
            "/{what:changes|tree|snapshot|ports|open-ports|tools|mcp-config|logs|integrations|tickets}";
    private static final String BELOW = "/{what:files|proxy|logs}/{rest:.*}";
    private static final String TASK_EVENTS = "/tasks/{taskId}/events";
    private static final String TASK_CANCEL = "/tasks/{taskId}/cancel";

    private final Caller caller;
    private final View view;

    NotBuiltOfInstance(Caller caller, View view) {
        this.caller = caller;
        this.view = view;
    }

    @GET
    @Path(ONE)
    public Uni<String> get(@PathParam("id") String id, @PathParam("what") String what) {
        return notBuilt(id, what);
    }

    @POST
    @Path(ONE)
    public Uni<String> post(@PathParam("id") String id, @PathParam("what") String what) {
        return notBuilt(id, what);
    }

    @PUT
    @Path(ONE)
    public Uni<String> put(@PathParam("id") String id, @PathParam("what") String what) {
        return notBuilt(id, what);
    }

    @GET
    @Path(BELOW)
    public Uni<String> getBelow(@PathParam("id") String id, @PathParam("what") String what) {
        return notBuilt(id, what);
    }

    @POST
    @Path(BELOW)
    public Uni<String> postBelow(@PathParam("id") String id, @PathParam("what") String what) {
        return notBuilt(id, what);
    }

    @PUT
    @Path(BELOW)
    public Uni<String> putBelow(@PathParam("id") String id, @PathParam("what") String what) {
        return notBuilt(id, what);
    }

    @DELETE
    @Path(BELOW)
    public Uni<String> deleteBelow(@PathParam("id") String id, @PathParam("what") String what) {
        return notBuilt(id, what);
    }

    @GET
    @Path(TASK_EVENTS)
    public Uni<String> taskEvents(@PathParam("id") String id) {
        return notBuilt(id, "tasks/{taskId}/events");
    }

    @POST
    @Path(TASK_CANCEL)
    public Uni<String> postCancel(@PathParam("id") String id) {
        return notBuilt(id, "tasks/{taskId}/cancel");
    }

    @DELETE
    @Path("/tasks/{taskId}")
    public Uni<String> cancel(@PathParam("id") String id) {
        return notBuilt(id, "DELETE tasks/{taskId}");
    }

    private Uni<String> notBuilt(String id, String what) {
        return view.instance(caller.tenant(), id).map(_ -> {
            throw NotBuilt.problem("/instances/{id}/" + what);
        });
    }
}
