package ai.in10nt.gateway;

import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.util.List;

/** Paths of the contract that aren't built yet: each says so, by name, and never pretends. */
@Path("/{what:saved-templates|templates|stats|asyncapi}{rest:(/.*)?}")
@Produces(MediaType.WILDCARD)
public class NotBuilt {
    @GET
    public String get(@PathParam("what") String what) {
        throw problem("/" + what);
    }

    @POST
    public String post(@PathParam("what") String what) {
        throw problem("/" + what);
    }

    @DELETE
    public String delete(@PathParam("what") String what) {
        throw problem("/" + what);
    }

    static Problem problem(String path) {
        return Problem.notBuilt(List.of(new Problem.FieldError(path, "this path isn't built yet")));
    }
}
