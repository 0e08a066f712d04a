package ai.in10nt.gateway;

import ai.in10nt.contracts.Json;
import jakarta.ws.rs.core.Response;
import java.io.UncheckedIOException;

/** What an agent server says where it can't do something. */
record AgentProblem(String code, String error) {
    static AgentProblem of(Response response) {
        try {
            return Json.read(response.readEntity(String.class), AgentProblem.class);
        } catch (UncheckedIOException | IllegalStateException e) {
            return new AgentProblem("machine_failed", "The machine of this instance refused.");
        }
    }
}
