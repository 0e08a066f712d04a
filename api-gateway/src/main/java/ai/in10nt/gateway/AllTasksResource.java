package ai.in10nt.gateway;

import io.smallrye.mutiny.Uni;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;

/** All of the tenant's tasks, of whichever instance. */
@Path("/tasks")
@Produces(MediaType.APPLICATION_JSON)
public class AllTasksResource {
    private final Caller caller;
    private final View view;

    AllTasksResource(Caller caller, View view) {
        this.caller = caller;
        this.view = view;
    }

    @GET
    public Uni<Response> list(UriInfo uri) {
        var filter = Lists.filter(uri, null);
        return view.list(caller.tenant(), Resource.TASK, filter).map(page -> Lists.answer(uri, filter, page));
    }
}
