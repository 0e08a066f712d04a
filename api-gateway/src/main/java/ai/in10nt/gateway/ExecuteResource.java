package ai.in10nt.gateway;

import ai.in10nt.contracts.AgentCommand;
import ai.in10nt.contracts.Json;
import io.smallrye.common.annotation.RunOnVirtualThread;
import jakarta.ws.rs.Consumes;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import jakarta.ws.rs.core.Response;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A command in the machine, beside the agent. */
@Path("/instances/{id}/execute")
@Produces(MediaType.APPLICATION_JSON)
public class ExecuteResource {
    private static final long DEFAULT_TIMEOUT_MS = 120_000;
    private static final long MAX_TIMEOUT_MS = 3_600_000;

    private static final Duration HOLD = Duration.ofSeconds(3);

    private final Caller caller;
    private final Idempotency idempotency;
    private final Machines machines;

    ExecuteResource(Caller caller, Idempotency idempotency, Machines machines) {
        this.caller = caller;
        this.idempotency = idempotency;
        this.machines = machines;
    }

    /** Whatever the command's exit code is, it was executed: 200. */
    @POST
    @Consumes(MediaType.APPLICATION_JSON)
    @RunOnVirtualThread
    public Response execute(@PathParam("id") String id, @Nullable String json) {
        return idempotency.onceAtMachine(caller, json, ids -> {
            var request = request(json);
            var result = machines.ask(caller.tenant(), id, address -> {
                ids.onItsWay();
                return untilEnded(address, ids.command(), request);
            });
            return Response.ok(Json.text(result)).build();
        });
    }

    /** By pieces: a connection that says nothing for an hour is no proof that anybody is there. */
    private static AgentCommand.Result untilEnded(
            Machines.Address address, String command, AgentCommand.Request request) {
        while (true) {
            try (var answer = address.agent()
                    .execute(address.url(), address.authorization(), command, HOLD.toMillis(), request)) {
                if (answer.getStatus() == 200) {
                    return answer.readEntity(AgentCommand.Result.class);
                }
            }
        }
    }

    private static AgentCommand.Request request(@Nullable String json) {
        var body = Body.parse(json);
        var command = body.required("command", "is required: what the shell is to run");
        if (command.isBlank() && body.text("command").isPresent()) {
            body.wrong("command", "must not be empty");
        }
        if (Body.utf8(command) > AgentCommand.MAX_BYTES || command.indexOf('\0') >= 0) {
            body.wrong("command", "must have at most 100 KiB and no NUL; write a longer one into a file");
        }
        var timeout = body.integer("timeout", "timeout", 1, MAX_TIMEOUT_MS).orElse(DEFAULT_TIMEOUT_MS);
        var cwd = body.text("cwd").orElse(null);
        if (cwd != null && (cwd.isBlank() || cwd.length() > 4096 || cwd.indexOf('\0') >= 0)) {
            body.wrong("cwd", "must be a folder, e.g. /workspace");
        }
        body.done();
        return new AgentCommand.Request(command, timeout, cwd);
    }
}
