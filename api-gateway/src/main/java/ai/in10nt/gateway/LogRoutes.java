package ai.in10nt.gateway;

import ai.in10nt.contracts.LogLine;
import ai.in10nt.contracts.TaskId;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** {@code GET /instances/{id}/logs}: what log-service gives, live or stored, to whom the instance belongs. */
@ApplicationScoped
class LogRoutes {
    private static final Pattern PATH = Pattern.compile("/instances/([^/]+)/logs(?:/stream)?");
    private static final Pattern NUMBER = Pattern.compile("\\d{1,18}");
    private static final int MAX_LIMIT = 10_000;
    /** In what log-service answers: where the next page begins. */
    private static final String NEXT = "In10nt-Next";

    private final Access access;
    private final Tickets tickets;
    private final View view;
    private final ServiceStreams services;
    private final List<String> logServices;

    LogRoutes(Access access, Tickets tickets, View view, ServiceStreams services, GatewayConfig config) {
        this.access = access;
        this.tickets = tickets;
        this.view = view;
        this.services = services;
        this.logServices = config.logServices();
    }

    void add(@Observes Router router) {
        router.route("/instances/*").order(FileRoutes.FIRST).handler(this::look);
    }

    private void look(RoutingContext context) {
        var path = String.valueOf(context.request().path());
        var match = Streams.isRead(context.request()) && path.contains("/logs") ? PATH.matcher(path) : null;
        if (match != null && match.matches()) {
            handle(context.request(), match.group(1));
        } else {
            context.next();
        }
    }

    private void handle(HttpServerRequest request, String id) {
        request.pause();
        Streams.requestId(request);
        tenant(request, id)
                .compose(tenant -> Access.future(view.instance(tenant, id)))
                .compose(instance -> {
                    check(request);
                    if (request.method().equals(HttpMethod.HEAD)) {
                        return Streams.head(request);
                    }
                    var query = request.query() == null ? "" : "?" + request.query();
                    // Readers of one instance share what is read for them, where they are on one replica.
                    int first = Math.floorMod(id.hashCode(), logServices.size());
                    return services.pass(
                            request,
                            new ServiceStreams.Wanted(
                                    "log-service", logServices, first, "/instances/" + instance.id() + "/logs" + query),
                            headers -> link(request, headers));
                })
                .onFailure(failure -> Streams.refuse(request, failure));
    }

    /** By a key, or by a ticket for the logs of this instance, which a browser's {@code EventSource} can bring. */
    private Future<String> tenant(HttpServerRequest request, String id) {
        var given = request.getParam("ticket");
        if (given == null) {
            return access.byKey(request).map(ApiKeys.ApiKey::tenant);
        }
        return tickets.read(given, Instant.now())
                .filter(ticket -> ticket.isFor(id, Tickets.LOGS) && !ticket.isCookie())
                .map(ticket -> Future.succeededFuture(ticket.tenant()))
                .orElseGet(() -> Future.failedFuture(
                        Problem.of(401, "invalid_ticket", "The ticket isn't valid for these logs, or has expired.")));
    }

    /** All that can be wrong with a query of stored lines, at once. */
    private static void check(HttpServerRequest request) {
        var errors = new ArrayList<Problem.FieldError>();
        var limit = request.getParam("limit");
        if (limit != null
                && (!NUMBER.matcher(limit).matches()
                        || Long.parseLong(limit) < 1
                        || Long.parseLong(limit) > MAX_LIMIT)) {
            errors.add(new Problem.FieldError("limit", "must be between 1 and " + MAX_LIMIT));
        }
        for (var name : List.of("before", "after")) {
            var id = request.getParam(name);
            if (id != null && !NUMBER.matcher(id).matches()) {
                errors.add(new Problem.FieldError(name, "must be the id of a line"));
            }
        }
        var type = request.getParam("type");
        if (type != null && !LogLine.TYPES.containsAll(Arrays.asList(type.split(",", -1)))) {
            errors.add(new Problem.FieldError(
                    "type", "must be of " + LogLine.TYPES.stream().sorted().collect(Collectors.joining(", "))));
        }
        var task = request.getParam("taskId");
        if (task != null && !TaskId.isValid(task)) {
            errors.add(new Problem.FieldError("taskId", "must be the id of a task"));
        }
        if (!errors.isEmpty()) {
            throw Problem.invalid(errors);
        }
    }

    private static void link(HttpServerRequest request, MultiMap headers) {
        var next = headers.get(NEXT);
        if (next == null) {
            return;
        }
        headers.remove(NEXT);
        var changes = next.substring(0, next.indexOf('=') + 1);
        var kept = request.query() == null
                ? ""
                : Arrays.stream(request.query().split("&", -1))
                        .filter(parameter -> !parameter.startsWith(changes) && !parameter.isEmpty())
                        .map(parameter -> parameter + "&")
                        .collect(Collectors.joining());
        headers.set(
                "Link",
                "<" + request.scheme() + "://" + request.authority() + request.path() + "?" + kept + next
                        + ">; rel=\"next\"");
    }
}
