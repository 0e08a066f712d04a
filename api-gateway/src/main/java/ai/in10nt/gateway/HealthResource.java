package ai.in10nt.gateway;

import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;

/** That the gateway is up. Whether what it needs is up too is {@code /health/ready}. */
@Path("/health")
@Produces(MediaType.APPLICATION_JSON)
public class HealthResource {
    @GET
    public String health() {
        return "{\"status\":\"healthy\"}";
    }
}
