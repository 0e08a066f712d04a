package ai.in10nt.gateway;

import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.util.List;
import java.util.regex.Pattern;

/** {@code GET /instances/{id}/tasks/{taskId}/events}: the stream of a run, which task-service keeps. */
@ApplicationScoped
class TaskEventRoutes {
    private static final Pattern PATH = Pattern.compile("/instances/([^/]+)/tasks/([^/]+)/events");

    private final Access access;
    private final View view;
    private final ServiceStreams services;
    private final List<String> taskServices;

    TaskEventRoutes(Access access, View view, ServiceStreams services, GatewayConfig config) {
        this.access = access;
        this.view = view;
        this.services = services;
        this.taskServices = config.taskServices();
    }

    void add(@Observes Router router) {
        router.route("/instances/*").order(FileRoutes.FIRST).handler(this::look);
    }

    private void look(RoutingContext context) {
        var path = String.valueOf(context.request().path());
        var match = Streams.isRead(context.request()) && path.endsWith("/events") ? PATH.matcher(path) : null;
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
        var query = request.query() == null ? "" : "?" + request.query();
        access.byKey(request)
                .compose(key -> Access.future(view.task(key.tenant(), instanceId, taskId)))
                .compose(task -> request.method().equals(HttpMethod.HEAD)
                        ? Streams.head(request)
                        : services.pass(
                                request,
                                new ServiceStreams.Wanted(
                                        "task-service", taskServices, 0, "/tasks/" + task.id() + "/events" + query),
                                _ -> {}))
                .onFailure(failure -> Streams.refuse(request, failure));
    }
}
