package ai.in10nt.gateway;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.Json;
import ai.in10nt.httpproxy.Exchange;
import ai.in10nt.httpproxy.OpenStreams;
import io.quarkus.runtime.ShutdownDelayInitiatedEvent;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** Streams that another service gives: passed on as they are. Any of its replicas can; the next one is asked where one is away. */
@ApplicationScoped
class ServiceStreams {
    private static final Set<String> PASSED = Set.of("last-event-id", "accept");
    private static final int CONNECT_MS = 2000;
    /** Of streams alike; one of each reader. */
    private static final int MOST = 16_384;

    private final HttpClient client;
    private final Keysets keysets;
    private final OpenStreams open = new OpenStreams();

    ServiceStreams(Vertx vertx, Keysets keysets) {
        this.keysets = keysets;
        this.client = vertx.createHttpClient(
                new HttpClientOptions().setConnectTimeout(CONNECT_MS).setTcpNoDelay(true),
                new PoolOptions().setHttp1MaxSize(MOST).setMaxWaitQueueSize(MOST));
    }

    /**
     * What is asked of whom.
     *
     * @param replicas base URLs of the service's replicas
     * @param first the place of the one to ask first
     * @param uri path and query at the service
     */
    record Wanted(String service, List<String> replicas, int first, String uri) {
        private Problem away() {
            return Problem.unavailable(
                    service.replace('-', '_') + "_unavailable",
                    "The stream can't be read now; come again with Last-Event-ID.");
        }
    }

    /** @param answer changes headers of what comes back */
    Future<Void> pass(HttpServerRequest request, Wanted wanted, Consumer<MultiMap> answer) {
        open.add(request);
        return pass(request, wanted, new Back(request, answer), 0).onComplete(_ -> open.remove(request));
    }

    void stop(@Observes ShutdownDelayInitiatedEvent event) {
        open.stop();
    }

    private Future<Void> pass(HttpServerRequest request, Wanted wanted, Back back, int tried) {
        if (tried == wanted.replicas().size()) {
            return Future.failedFuture(wanted.away());
        }
        var url = URI.create(wanted.replicas()
                .get((wanted.first() + tried) % wanted.replicas().size()));
        var headers = MultiMap.caseInsensitiveMultiMap();
        Exchange.endToEnd(request.headers()).forEach((name, value) -> {
            if (PASSED.contains(name.toLowerCase(Locale.ROOT))) {
                headers.add(name, value);
            }
        });
        headers.set("Authorization", "Bearer " + keysets.agentAccess().serviceToken(wanted.service()));
        var to = new RequestOptions()
                .setHost(url.getHost())
                .setPort(url.getPort())
                .setURI(wanted.uri())
                .setHeaders(headers);
        return Exchange.pass(request, client, to, back)
                .recover(failure -> failure instanceof Problem
                        ? Future.failedFuture(failure)
                        : pass(request, wanted, back, tried + 1));
    }

    /** What the service refuses is a problem; where it is in trouble another replica may not be. */
    private record Back(HttpServerRequest request, Consumer<MultiMap> answer) implements Exchange.Answer {
        @Override
        public void headers(MultiMap headers) {
            answer.accept(headers);
        }

        @Override
        public boolean isCutWhereNobodyReads() {
            return true;
        }

        @Override
        public Optional<Future<Void>> instead(HttpClientResponse received) {
            int status = received.statusCode();
            if (status < 400) {
                return Optional.empty();
            }
            return Optional.of(Exchange.body(received, Streams.MAX_PROBLEM).compose(body -> {
                if (status >= 500 || received.getHeader(AgentAccess.PROBLEM_HEADER) == null) {
                    return Future.failedFuture("status " + status);
                }
                return Future.failedFuture(problem(status, body.toString()));
            }));
        }

        private static Problem problem(int status, String body) {
            try {
                var told = Json.read(body, AgentProblem.class);
                return Problem.of(status, told.code(), told.error());
            } catch (UncheckedIOException e) {
                return Problem.of(502, "machine_failed", "What was asked can't be answered now.");
            }
        }
    }
}
