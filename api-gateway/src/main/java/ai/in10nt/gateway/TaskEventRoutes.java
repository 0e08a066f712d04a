package ai.in10nt.gateway;

import ai.in10nt.httpproxy.Exchange;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.RequestOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.net.URI;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/** {@code GET /instances/{id}/tasks/{taskId}/events}: the stream of a run, which task-service keeps. */
@ApplicationScoped
class TaskEventRoutes {
    private static final Set<String> PASSED = Set.of("last-event-id", "accept");

    private static final Pattern PATH = Pattern.compile("/instances/([^/]+)/tasks/([^/]+)/events");

    private final Access access;
    private final View view;
    private final Streams streams;
    private final Keysets keysets;
    private final List<String> taskServices;

    TaskEventRoutes(Access access, View view, Streams streams, Keysets keysets, GatewayConfig config) {
        this.access = access;
        this.view = view;
        this.streams = streams;
        this.keysets = keysets;
        this.taskServices = config.taskServices();
    }

    void add(@Observes Router router) {
        router.route("/instances/*").order(FileRoutes.FIRST).handler(this::look);
    }

    private void look(RoutingContext context) {
        var path = String.valueOf(context.request().path());
        var match = context.request().method().equals(HttpMethod.GET) && path.endsWith("/events")
                ? PATH.matcher(path)
                : null;
        if (match != null && match.matches()) {
            handle(context, match.group(1), match.group(2));
        } else {
            context.next();
        }
    }

    private void handle(RoutingContext context, String instanceId, String taskId) {
        var request = context.request();
        request.pause();
        Streams.requestId(request);
        access.byKey(request)
                .compose(key -> Access.future(view.task(key.tenant(), instanceId, taskId)))
                .compose(task -> pass(request, task.id(), 0))
                .onFailure(failure -> Streams.refuse(request, failure));
    }

    /** Any replica can; the next one is asked where one is away. */
    private Future<Void> pass(HttpServerRequest request, String taskId, int replica) {
        if (replica == taskServices.size()) {
            return Future.failedFuture(Problem.unavailable(
                    "task_service_unavailable", "The stream can't be read now; come again with Last-Event-ID."));
        }
        var url = URI.create(taskServices.get(replica));
        var headers = MultiMap.caseInsensitiveMultiMap();
        Exchange.endToEnd(request.headers()).forEach(header -> {
            if (PASSED.contains(header.getKey().toLowerCase(java.util.Locale.ROOT))) {
                headers.add(header.getKey(), header.getValue());
            }
        });
        headers.set("Authorization", "Bearer " + keysets.agentAccess().serviceToken("task-service"));
        var query = request.query() == null ? "" : "?" + request.query();
        var to = new RequestOptions()
                .setHost(url.getHost())
                .setPort(url.getPort())
                .setURI("/tasks/" + taskId + "/events" + query)
                .setHeaders(headers);
        return streams.pass(request, to, _ -> {}).recover(_ -> pass(request, taskId, replica + 1));
    }
}
