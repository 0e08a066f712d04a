package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.httpproxy.Exchange;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.time.Instant;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Servers that run in an instance: {@code /instances/{id}/proxy/{port}/…}, and {@code {port}-{id}.<preview domain>}, where a page
 * has an origin of its own. Whoever has a key may, and a browser that was given a ticket for this port.
 */
@ApplicationScoped
class PortRoutes {
    static final String COOKIE = "in10nt_ticket";

    private static final String INSTANCES = "/instances/";
    private static final String PROXY = "/proxy/";

    private final Access access;
    private final ApiKeys keys;
    private final Tickets tickets;
    private final Streams streams;
    private final Optional<Pattern> host;

    PortRoutes(Access access, ApiKeys keys, Tickets tickets, Streams streams, GatewayConfig config) {
        this.access = access;
        this.keys = keys;
        this.tickets = tickets;
        this.streams = streams;
        this.host = config.previewDomain()
                .map(domain -> Pattern.compile(
                        "(\\d{1,9})-(inst-[0-9a-z]{26})\\." + Pattern.quote(domain), Pattern.CASE_INSENSITIVE));
    }

    void add(@Observes Router router) {
        // One route, which looks for itself: those of a router are patterns, and every request of a page would try them
        // all.
        router.route().order(FileRoutes.FIRST - 1).handler(this::look);
    }

    /**
     * What is asked for.
     *
     * @param prefix of the path, which the server in the instance doesn't see; empty where it has a host of its own
     * @param uri the rest, with its query
     */
    private record Wanted(String id, int port, String prefix, String uri) {
        static Wanted of(String id, String port, String prefix, String rest) {
            var uri = rest.startsWith("/") ? rest : "/" + rest;
            try {
                int number = Integer.parseInt(port);
                if (number >= 1 && number <= 65535 && InstanceId.isValid(id)) {
                    return new Wanted(id, number, prefix, uri);
                }
            } catch (NumberFormatException e) {
                throw wrongPort();
            }
            throw InstanceId.isValid(id) ? wrongPort() : Problem.notFound("instance", id);
        }

        private static Problem wrongPort() {
            return Problem.of(400, "invalid_port", "port: must be a number of 1024 to 65535.");
        }
    }

    /** Who was let in: by a ticket, or by a key, which is then not the other server's to see. */
    private record Entry(String tenant, Optional<Tickets.Ticket> ticket, boolean isFromQuery, boolean hasKey) {}

    private void look(RoutingContext context) {
        var uri = context.request().uri();
        if (!byHost(context, uri) && !byPath(context, uri)) {
            context.next();
        }
    }

    private boolean byHost(RoutingContext context, String uri) {
        var authority = context.request().authority();
        if (host.isEmpty() || authority == null) {
            return false;
        }
        var match = host.get().matcher(authority.host());
        if (match.matches()) {
            var id = match.group(2).toLowerCase(java.util.Locale.ROOT).replace('-', '_');
            handle(context, () -> Wanted.of(id, match.group(1), "", uri));
            return true;
        }
        return false;
    }

    private boolean byPath(RoutingContext context, String uri) {
        int afterId = uri.indexOf('/', INSTANCES.length());
        if (!uri.startsWith(INSTANCES) || afterId < 0 || !uri.startsWith(PROXY, afterId)) {
            return false;
        }
        int port = afterId + PROXY.length();
        int end = port;
        while (end < uri.length() && uri.charAt(end) != '/' && uri.charAt(end) != '?') {
            end++;
        }
        if (end == port) {
            return false;
        }
        int afterPort = end;
        handle(
                context,
                () -> Wanted.of(
                        uri.substring(INSTANCES.length(), afterId),
                        uri.substring(port, afterPort),
                        uri.substring(0, afterPort),
                        uri.substring(afterPort)));
        return true;
    }

    private void handle(RoutingContext context, java.util.function.Supplier<Wanted> reader) {
        var request = context.request();
        request.pause();
        Streams.requestId(request);
        try {
            var wanted = reader.get();
            enter(request, wanted)
                    .compose(entry -> streams.find(context.vertx(), entry.tenant(), wanted.id())
                            .onSuccess(target -> pass(request, wanted, entry, target)))
                    .onFailure(failure -> Streams.refuse(request, failure));
        } catch (Problem problem) {
            Streams.refuse(request, problem);
        }
    }

    private Future<Entry> enter(HttpServerRequest request, Wanted wanted) {
        var given = request.getParam("ticket");
        var cookie = request.getCookie(COOKIE);
        var fromQuery = ticket(given, wanted, false);
        var ticket = fromQuery.or(() -> ticket(cookie == null ? null : cookie.getValue(), wanted, true));
        var secret = Access.secret(request.getHeader("Authorization"), request.getHeader("X-API-Key"));
        if (ticket.isPresent()) {
            var entry = new Entry(ticket.get().tenant(), ticket, fromQuery.isPresent(), false);
            return secret.isEmpty()
                    ? Future.succeededFuture(entry)
                    : Access.future(keys.find(secret.get()))
                            .map(key ->
                                    new Entry(entry.tenant(), entry.ticket(), entry.isFromQuery(), key.isPresent()));
        }
        if (secret.isEmpty() && given != null) {
            return Future.failedFuture(
                    Problem.of(401, "invalid_ticket", "The ticket isn't valid for this port, or has expired."));
        }
        return access.byKey(request).map(key -> new Entry(key.tenant(), Optional.empty(), false, true));
    }

    private Optional<Tickets.Ticket> ticket(@Nullable String signed, Wanted wanted, boolean isCookie) {
        return tickets.read(signed, Instant.now())
                .filter(ticket -> ticket.isFor(wanted.id(), wanted.port()) && ticket.isCookie() == isCookie);
    }

    private void pass(HttpServerRequest request, Wanted wanted, Entry entry, Streams.Target target) {
        int generation = target.instance().generation();
        if (entry.ticket().isPresent() && entry.ticket().get().generation() != generation) {
            Streams.refuse(
                    request,
                    Problem.of(401, "invalid_ticket", "The instance was started anew since; get another ticket."));
            return;
        }
        var uri = entry.isFromQuery() ? withoutTicket(wanted.uri()) : wanted.uri();
        streams.pass(request, target, "/proxy/" + wanted.port() + uri, headers(request, wanted, entry), answer -> {
            own(answer, wanted);
            entry.ticket()
                    .filter(_ -> entry.isFromQuery())
                    .ifPresent(ticket -> answer.add("Set-Cookie", cookie(request, wanted, ticket)));
        });
    }

    private MultiMap headers(HttpServerRequest request, Wanted wanted, Entry entry) {
        var headers = Exchange.endToEnd(request.headers());
        if (entry.hasKey()) {
            headers.remove("X-API-Key");
            if (Access.secret(request.getHeader("Authorization"), null).isPresent()) {
                headers.remove("Authorization");
            }
        }
        var cookies = request.getHeader("Cookie");
        if (cookies != null) {
            var others = Arrays.stream(cookies.split(";", -1))
                    .map(String::strip)
                    .filter(cookie -> !cookie.startsWith(COOKIE + "="))
                    .collect(Collectors.joining("; "));
            headers.remove("Cookie");
            if (!others.isEmpty()) {
                headers.set("Cookie", others);
            }
        }
        headers.set("X-Forwarded-Host", String.valueOf(request.authority()));
        headers.set("X-Forwarded-Proto", String.valueOf(request.scheme()));
        var before = headers.get("X-Forwarded-For");
        var address = request.remoteAddress().hostAddress();
        headers.set("X-Forwarded-For", before == null ? address : before + ", " + address);
        if (!wanted.prefix().isEmpty()) {
            headers.set("X-Forwarded-Prefix", wanted.prefix());
        }
        return headers;
    }

    private static String withoutTicket(String uri) {
        int mark = uri.indexOf('?');
        var others = Arrays.stream(uri.substring(mark + 1).split("&", -1))
                .filter(parameter -> !parameter.startsWith("ticket="))
                .collect(Collectors.joining("&"));
        return uri.substring(0, mark) + (others.isEmpty() ? "" : "?" + others);
    }

    /** Redirects and cookies of a server that doesn't know under which path it is, nor that others are beside it. */
    private static void own(MultiMap headers, Wanted wanted) {
        var location = headers.get("Location");
        if (location != null && location.startsWith("/") && !location.startsWith("//")) {
            headers.set("Location", wanted.prefix() + location);
        }
        var cookies = headers.getAll("Set-Cookie");
        headers.remove("Set-Cookie");
        for (var cookie : cookies) {
            if (!cookie.strip().startsWith(COOKIE + "=")) {
                headers.add("Set-Cookie", confined(cookie, wanted.prefix()));
            }
        }
    }

    private static String confined(String cookie, String prefix) {
        var parts = Arrays.stream(cookie.split(";", -1))
                .map(String::strip)
                .filter(part -> !part.toLowerCase(java.util.Locale.ROOT).startsWith("domain="))
                .toList();
        if (prefix.isEmpty()) {
            return String.join("; ", parts);
        }
        var path = parts.stream()
                .filter(part -> part.toLowerCase(java.util.Locale.ROOT).startsWith("path=/"))
                .map(part -> part.substring("path=".length()))
                .findFirst()
                .orElse("/");
        return parts.stream()
                        .filter(part -> !part.toLowerCase(java.util.Locale.ROOT).startsWith("path="))
                        .collect(Collectors.joining("; "))
                + "; Path=" + prefix + path;
    }

    private String cookie(HttpServerRequest request, Wanted wanted, Tickets.Ticket ticket) {
        var kept = new Tickets.Ticket(
                ticket.tenant(),
                ticket.instanceId(),
                ticket.port(),
                ticket.generation(),
                true,
                Instant.now().plus(Tickets.COOKIE_VALID).getEpochSecond());
        return COOKIE + "=" + tickets.sign(kept) + "; Path=" + wanted.prefix() + "/; Max-Age="
                + Tickets.COOKIE_VALID.toSeconds() + "; HttpOnly; SameSite=Lax"
                + ("https".equals(request.scheme()) ? "; Secure" : "");
    }
}
