package ai.in10nt.integration;

import ai.in10nt.bundles.Verification;
import ai.in10nt.bundles.Verification.Reply;
import ai.in10nt.bundles.Verification.Request;
import ai.in10nt.bundles.Verification.Verdict;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import jakarta.enterprise.context.ApplicationScoped;
import java.net.URI;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;

/**
 * The partners' APIs. Each has its own time-out and its own bulkhead, so that one which is slow holds up nobody who asks another.
 * Redirects aren't followed. Neither URLs nor headers are logged: they have secrets in them.
 */
@ApplicationScoped
class Partners {
    private static final Logger LOG = Logger.getLogger(Partners.class);
    private static final int MOST_BYTES = 64 * 1024;
    /** For how long a partner's "not so often" is heeded at most. */
    private static final long LONGEST_PAUSE_S = 60;

    private final HttpClient client;
    private final IntegrationConfig.Partners config;
    private final MeterRegistry metrics;
    private final Map<String, Semaphore> bulkheads = new ConcurrentHashMap<>();
    /** Who said that these very values were asked about too often, until when. */
    private final Map<String, Long> notBefore = new ConcurrentHashMap<>();

    Partners(Vertx vertx, IntegrationConfig config, MeterRegistry metrics) {
        this.config = config.partners();
        this.metrics = metrics;
        this.client = vertx.createHttpClient(
                new HttpClientOptions()
                        .setConnectTimeout((int) this.config.patience().toMillis())
                        .setVerifyHost(true),
                new PoolOptions().setHttp1MaxSize(this.config.atOnce()));
    }

    /** What the partner says; completes always, and within its time. */
    CompletableFuture<Verdict> ask(Verification verification, Map<String, String> values) {
        var partner = verification.partner();
        var bulkhead = bulkheads.computeIfAbsent(partner, _ -> new Semaphore(config.atOnce()));
        if (!bulkhead.tryAcquire()) {
            return told(partner, Timer.start(), new Verdict.Unknown("too many questions at once; try again"));
        }
        var timing = Timer.start();
        var asked = new CompletableFuture<Verdict>();
        Thread.ofVirtual()
                .start(() -> begin(verification, values).onComplete(answer -> {
                    if (answer.succeeded()) {
                        asked.complete(answer.result());
                    } else {
                        asked.completeExceptionally(answer.cause());
                    }
                }));
        return asked.orTimeout(config.patience().toMillis(), TimeUnit.MILLISECONDS)
                .exceptionally(failure -> unknown(partner, failure))
                .whenComplete((_, _) -> bulkhead.release())
                .thenCompose(verdict -> told(partner, timing, verdict));
    }

    private CompletableFuture<Verdict> told(String partner, Timer.Sample timing, Verdict verdict) {
        var outcome = verdict.getClass().getSimpleName().toLowerCase(Locale.ROOT);
        timing.stop(Timer.builder("integration.partner.asked")
                .tags("partner", partner, "outcome", outcome)
                .publishPercentiles(0.5, 0.99)
                .register(metrics));
        return CompletableFuture.completedFuture(verdict);
    }

    private static Verdict unknown(String partner, Throwable failure) {
        LOG.debugf("%s: %s", partner, failure.getClass());
        return new Verdict.Unknown(
                failure instanceof TimeoutException ? "it didn't answer in time" : "it can't be reached");
    }

    private Future<Verdict> begin(Verification verification, Map<String, String> values) {
        try {
            var base = base(verification, values);
            var key = verification.partner() + values.hashCode();
            var until = notBefore.get(key);
            if (until != null && until - System.nanoTime() > 0) {
                return Future.succeededFuture(new Verdict.Unknown("asked too often; try again later"));
            }
            var address = Addresses.of(base.getHost(), config.allowPrivate());
            var server = SocketAddress.inetSocketAddress(port(base), address.getHostAddress());
            return reply(verification.requests().apply(values), base, server)
                    .map(reply -> heeded(key, reply, verification.read().apply(reply)));
        } catch (Addresses.Forbidden e) {
            return Future.succeededFuture(new Verdict.Unknown(String.valueOf(e.getMessage())));
        } catch (RuntimeException e) {
            return Future.failedFuture(e);
        }
    }

    private URI base(Verification verification, Map<String, String> values) throws Addresses.Forbidden {
        var text = config.url().getOrDefault(verification.partner(), verification.baseUrl());
        for (var value : values.entrySet()) {
            text = text.replace("{" + value.getKey() + "}", value.getValue());
        }
        var base = URI.create(text.replaceFirst("/+$", ""));
        if (!"https".equalsIgnoreCase(base.getScheme()) && !config.allowPrivate()) {
            throw new Addresses.Forbidden("only https addresses are asked");
        }
        if (base.getHost() == null) {
            throw new Addresses.Forbidden("the address has no host");
        }
        return base;
    }

    private static int port(URI base) {
        return base.getPort() > 0 ? base.getPort() : isHttps(base) ? 443 : 80;
    }

    private static boolean isHttps(URI base) {
        return "https".equalsIgnoreCase(base.getScheme());
    }

    /** Of the first request that is known there. */
    private Future<Reply> reply(List<Request> requests, URI base, SocketAddress server) {
        return reply(requests.getFirst(), base, server)
                .compose(reply -> reply.status() == 404 && requests.size() > 1
                        ? reply(requests.subList(1, requests.size()), base, server)
                        : Future.succeededFuture(reply));
    }

    private Future<Reply> reply(Request request, URI base, SocketAddress server) {
        var path = base.getRawPath() == null ? "" : base.getRawPath();
        var options = new RequestOptions()
                .setServer(server)
                .setHost(base.getHost())
                .setPort(port(base))
                .setSsl(isHttps(base))
                .setMethod(HttpMethod.valueOf(request.method()))
                .setURI(path + request.path())
                .setTimeout(config.patience().toMillis());
        request.headers().forEach(options::putHeader);
        return client.request(options).compose(open -> open.send()).compose(Partners::whole);
    }

    private static Future<Reply> whole(HttpClientResponse response) {
        var promise = Promise.<Reply>promise();
        var body = Buffer.buffer();
        response.handler(bytes -> {
                    body.appendBuffer(bytes);
                    if (body.length() > MOST_BYTES && promise.tryFail("more than " + MOST_BYTES + " bytes")) {
                        var _ = response.request().reset();
                    }
                })
                .exceptionHandler(promise::tryFail)
                .endHandler(
                        _ -> promise.tryComplete(new Reply(response.statusCode(), headers(response), body.toString())));
        return promise.future();
    }

    private static Map<String, String> headers(HttpClientResponse response) {
        var headers = new HashMap<String, String>();
        response.headers().forEach((name, value) -> headers.putIfAbsent(name.toLowerCase(Locale.ROOT), value));
        return headers;
    }

    private Verdict heeded(String key, Reply reply, Verdict verdict) {
        if (reply.status() == 429) {
            notBefore.values().removeIf(until -> until - System.nanoTime() < 0);
            notBefore.put(
                    key, System.nanoTime() + Duration.ofSeconds(pause(reply)).toNanos());
        }
        return verdict;
    }

    private static long pause(Reply reply) {
        try {
            return Math.clamp(
                    Math.round(Double.parseDouble(reply.headers().getOrDefault("retry-after", "1"))),
                    1,
                    LONGEST_PAUSE_S);
        } catch (NumberFormatException e) {
            return 1;
        }
    }
}
