package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceId;
import io.vertx.core.http.HttpMethod;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;

/**
 * {@code GET /instances/{id}}, which everybody who waits for something asks again and again: past JAX-RS, for half of what it costs
 * there.
 */
@ApplicationScoped
class InstanceRoute {
    private static final String INSTANCES = "/instances/";

    private final Access access;
    private final View view;

    InstanceRoute(Access access, View view) {
        this.access = access;
        this.view = view;
    }

    void add(@Observes Router router) {
        router.route("/instances/*").order(FileRoutes.FIRST).handler(this::look);
    }

    private void look(RoutingContext context) {
        var method = context.request().method();
        var path = String.valueOf(context.request().path());
        boolean isOne = path.length() > INSTANCES.length() && path.indexOf('/', INSTANCES.length()) < 0;
        if (isOne && (method.equals(HttpMethod.GET) || method.equals(HttpMethod.HEAD))) {
            answer(context, path.substring(INSTANCES.length()));
        } else {
            context.next();
        }
    }

    private void answer(RoutingContext context, String id) {
        var request = context.request();
        Streams.requestId(request);
        access.byKey(request)
                .compose(key -> {
                    if (!InstanceId.isValid(id)) {
                        throw Problem.notFound("instance", id);
                    }
                    return Access.future(view.instanceBody(key.tenant(), id));
                })
                .onSuccess(body -> request.response()
                        .putHeader("Content-Type", "application/json;charset=UTF-8")
                        .end(body))
                .onFailure(failure -> Streams.refuse(request, failure));
    }
}
