package ai.in10nt.gateway;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.PUT;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

/** Paths of one instance that the contract has and that aren't built yet. One that isn't there is still 404. */
@Path("/instances/{id}")
@Produces(MediaType.WILDCARD)
public class NotBuiltOfInstance {
    private static final String ONE = "/{what:snapshot}";

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

    private Uni<String> notBuilt(String id, String what) {
        return view.instance(caller.tenant(), id).map(_ -> {
            throw NotBuilt.problem("/instances/{id}/" + what);
        });
    }
}
