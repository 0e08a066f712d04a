package ai.in10nt.agent;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Map;
import java.util.Optional;

/** What is in the workspace, what changed in it, and which ports of the machine are open. */
final class WorkspaceApi {
    private static final int MAX_DEPTH = 64;
    private static final long MAX_BODY = 64 * 1024;

    private final Workspace workspace;
    private final Changes changes;
    private final Ports ports;
    private final PortProxy proxy;

    WorkspaceApi(Workspace workspace, Changes changes, Ports ports, PortProxy proxy) {
        this.workspace = workspace;
        this.changes = changes;
        this.ports = ports;
        this.proxy = proxy;
    }

    void add(Router router) {
        router.get("/tree").handler(context -> Api.blocking(context, this::tree));
        router.get("/changes").handler(context -> Api.blocking(context, this::list));
        router.post("/changes/baseline").handler(context -> Api.blocking(context, this::accept));
        router.get("/ports").handler(context -> Api.blocking(context, this::listPorts));
        router.post("/ports")
                .handler(BodyHandler.create(false).setBodyLimit(MAX_BODY))
                .handler(context -> Api.blocking(context, this::open));
        router.route("/proxy/:port").handler(this::pass);
        router.route("/proxy/:port/*").handler(this::pass);
    }

    private void tree(RoutingContext context) throws IOException {
        var path = Optional.ofNullable(context.request().getParam("path")).orElse("");
        int depth = Integer.parseInt(
                Optional.ofNullable(context.request().getParam("depth")).orElse(String.valueOf(MAX_DEPTH)));
        Api.answer(context, 200, Tree.of(workspace, path, depth));
    }

    private void list(RoutingContext context) throws IOException {
        Api.answer(context, 200, changes.list("true".equals(context.request().getParam("diff"))));
    }

    private void accept(RoutingContext context) throws IOException {
        changes.accept();
        Api.answer(context, 200, changes.list(false));
    }

    private void listPorts(RoutingContext context) throws IOException {
        Api.answer(context, 200, Map.of("ports", ports.list()));
    }

    private void open(RoutingContext context) throws IOException {
        var wanted = new ArrayList<Integer>();
        Json.read(String.valueOf(context.body().asString()), JsonNode.class)
                .path("ports")
                .forEach(port -> wanted.add(port.asInt()));
        ports.register(wanted);
        listPorts(context);
    }

    private void pass(RoutingContext context) {
        try {
            proxy.handle(context);
        } catch (Refused refused) {
            context.request().resume();
            Api.error(context, refused);
        }
    }
}
