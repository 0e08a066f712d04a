package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.httpproxy.Exchange;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code GET}, {@code HEAD} and {@code PUT /instances/{id}/files/{path}}: raw bytes, past everything that looks at bodies. Deleting
 * is a request like others: see {@link WorkspaceResource}.
 */
@ApplicationScoped
class FileRoutes {
    /** Before Quarkus looks at the size of bodies. */
    static final int FIRST = -10_000;

    private static final Set<HttpMethod> METHODS = Set.of(HttpMethod.GET, HttpMethod.HEAD, HttpMethod.PUT);
    private static final Pattern PATH = Pattern.compile("/instances/([^/]+)/files/(.*)");
    /** What an agent server needs to know of a request; nothing else concerns it. */
    private static final Set<String> PASSED = Set.of(
            "content-length", "content-type", "range", "if-range", "if-match", "if-none-match", "accept-encoding");

    private final Access access;
    private final Streams streams;

    FileRoutes(Access access, Streams streams) {
        this.access = access;
        this.streams = streams;
    }

    void add(@Observes Router router) {
        // A prefix is all that a router looks at quickly; every request passes here.
        router.route("/instances/*").order(FIRST).handler(this::look);
    }

    private void look(RoutingContext context) {
        var path = String.valueOf(context.request().path());
        var match =
                METHODS.contains(context.request().method()) && path.contains("/files/") ? PATH.matcher(path) : null;
        if (match != null && match.matches()) {
            handle(context, match);
        } else {
            context.next();
        }
    }

    private void handle(RoutingContext context, Matcher match) {
        var request = context.request();
        request.pause();
        Streams.requestId(request);
        var id = match.group(1);
        access.byKey(request)
                .compose(caller -> {
                    var path = decoded(match.group(2));
                    if (!InstanceId.isValid(id)) {
                        throw Problem.notFound("instance", id);
                    }
                    return streams.find(context.vertx(), caller.tenant(), id)
                            .onSuccess(target -> pass(request, target, path));
                })
                .onFailure(failure -> Streams.refuse(request, failure));
    }

    private void pass(HttpServerRequest request, Streams.Target target, String path) {
        var headers = MultiMap.caseInsensitiveMultiMap();
        Exchange.endToEnd(request.headers()).forEach(header -> {
            if (PASSED.contains(header.getKey().toLowerCase(java.util.Locale.ROOT))) {
                headers.add(header.getKey(), header.getValue());
            }
        });
        streams.pass(
                request,
                target,
                "/files?path=" + URLEncoder.encode(path, StandardCharsets.UTF_8),
                headers,
                FileRoutes::guard);
    }

    /** It is the user's own text, from our address: a browser must not take it for a page of ours. */
    private static void guard(MultiMap headers) {
        headers.set("X-Content-Type-Options", "nosniff");
        headers.set("Content-Security-Policy", "sandbox");
    }

    private static String decoded(String path) {
        try {
            return URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            throw Problem.invalid(
                    java.util.List.of(new Problem.FieldError("path", "has a % that isn't followed by two hex digits")));
        }
    }
}
