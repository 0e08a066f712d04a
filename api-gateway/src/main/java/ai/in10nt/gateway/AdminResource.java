package ai.in10nt.gateway;

import ai.in10nt.contracts.Json;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

/** What an operator does to the installation, with a key of the scope {@code operator}. */
@Path("/admin")
@Produces(MediaType.APPLICATION_JSON)
public class AdminResource {
    private final Caller caller;
    private final ViewRebuild view;

    AdminResource(Caller caller, ViewRebuild view) {
        this.caller = caller;
        this.view = view;
    }

    /** Answers when it is done. */
    @POST
    @Path("/rebuild-view")
    @RunOnVirtualThread
    public String rebuildView() {
        caller.needs("operator");
        return Json.text(view.rebuild());
    }
}
