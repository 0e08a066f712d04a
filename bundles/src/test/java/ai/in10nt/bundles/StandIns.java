package ai.in10nt.bundles;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * All partners as one server on loopback, each below its name, faithful to their documentation in paths, headers and error bodies. A
 * credential says what comes of it: {@code wrong}, {@code limited}, {@code down}, {@code slow}, {@code poor} (scopes are missing),
 * {@code moved} (a redirect) somewhere in it; any other is right.
 */
public final class StandIns implements AutoCloseable {
    public static final List<String> PARTNERS =
            List.of("discord", "slack", "github", "notion", "telegram", "jira", "twilio", "elevenlabs");

    /** A request as it came. */
    public record Asked(String method, String path, Map<String, String> headers) {}

    private record Answer(int status, String body, Map<String, String> headers) {
        static Answer of(int status, String body) {
            return new Answer(status, body, Map.of());
        }
    }

    private final HttpServer server;
    private final List<Asked> asked = new CopyOnWriteArrayList<>();

    public StandIns() {
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", this::handle);
        server.start();
    }

    /** The base URL of a partner. */
    public String url(String partner) {
        return "http://127.0.0.1:" + server.getAddress().getPort() + "/" + partner;
    }

    public List<Asked> asked() {
        return List.copyOf(asked);
    }

    @Override
    public void close() {
        server.stop(0);
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            var whole = exchange.getRequestURI().getRawPath();
            var headers = exchange.getRequestHeaders().entrySet().stream()
                    .collect(Collectors.toMap(
                            entry -> entry.getKey().toLowerCase(java.util.Locale.ROOT),
                            entry -> entry.getValue().getFirst()));
            asked.add(new Asked(exchange.getRequestMethod(), whole, headers));
            int slash = whole.indexOf('/', 1);
            var answer = answer(
                    whole.substring(1, slash), exchange.getRequestMethod() + " " + whole.substring(slash), headers);
            exchange.getResponseHeaders().set("Content-Type", "application/json");
            answer.headers.forEach(exchange.getResponseHeaders()::set);
            var body = answer.body.getBytes(StandardCharsets.UTF_8);
            exchange.sendResponseHeaders(answer.status, body.length);
            exchange.getResponseBody().write(body);
        }
    }

    private static Answer answer(String partner, String request, Map<String, String> headers) {
        var authorization = headers.getOrDefault("authorization", "");
        return switch (partner) {
            case "discord" -> {
                var end = end(authorization, "{\"message\": \"401: Unauthorized\", \"code\": 0}");
                yield known(request, "GET /api/v10/users/@me")
                        ? authorization.startsWith("Bot ")
                                ? or(end, "{\"id\":\"1\",\"bot\":true}")
                                : Answer.of(401, "{}")
                        : Answer.of(404, "{\"message\": \"404: Not Found\", \"code\": 0}");
            }
            case "slack" -> slack(request, authorization);
            case "github" -> github(request, authorization, headers);
            case "notion" -> {
                var end = end(
                        authorization,
                        "{\"object\":\"error\",\"status\":401,\"code\":\"unauthorized\",\"message\":\"API token is invalid.\"}");
                yield known(request, "GET /v1/users/me") && headers.containsKey("notion-version")
                        ? or(end, "{\"object\":\"user\",\"type\":\"bot\"}")
                        : Answer.of(
                                400,
                                "{\"code\":\"missing_version\",\"message\":\"Notion-Version header failed validation\"}");
            }
            case "telegram" -> {
                var end = end(request, "{\"ok\":false,\"error_code\":401,\"description\":\"Unauthorized\"}");
                yield request.matches("GET /bot\\d+:[^/]+/getMe")
                        ? or(end, "{\"ok\":true,\"result\":{\"id\":1,\"is_bot\":true}}")
                        : Answer.of(404, "{\"ok\":false,\"error_code\":404,\"description\":\"Not Found\"}");
            }
            case "jira" -> {
                var end = end(decoded(authorization), "Client must be authenticated to access this resource.");
                yield known(request, "GET /rest/api/3/myself") || known(request, "GET /rest/api/2/myself")
                        ? or(end, "{\"accountId\":\"1\",\"active\":true}")
                        : Answer.of(404, "{\"errorMessages\":[\"null for uri\"]}");
            }
            case "twilio" -> {
                var end = end(
                        decoded(authorization),
                        "{\"code\":20003,\"message\":\"Authenticate\",\"more_info\":\"https://www.twilio.com/docs/errors/20003\",\"status\":401}");
                yield request.matches("GET /2010-04-01/Accounts/[^/]+\\.json")
                        ? or(end, "{\"status\":\"active\",\"type\":\"Full\"}")
                        : Answer.of(404, "{\"code\":20404,\"message\":\"not found\",\"status\":404}");
            }
            case "elevenlabs" -> {
                var end = end(
                        headers.getOrDefault("xi-api-key", "wrong"),
                        "{\"detail\":{\"status\":\"invalid_api_key\",\"message\":\"Invalid API key\"}}");
                yield known(request, "GET /v1/user")
                        ? or(end, "{\"subscription\":{\"tier\":\"free\"}}")
                        : Answer.of(404, "{}");
            }
            default -> Answer.of(404, "{}");
        };
    }

    private static Answer slack(String request, String authorization) {
        if (!known(request, "POST /api/auth.test")) {
            return Answer.of(404, "{}");
        }
        if (authorization.contains("wrong")) {
            return Answer.of(200, "{\"ok\":false,\"error\":\"invalid_auth\"}");
        }
        var scopes = authorization.contains("poor") ? "channels:read" : "channels:read,chat:write";
        return or(
                end(authorization, "{}"),
                new Answer(200, "{\"ok\":true,\"user\":\"bot\"}", Map.of("x-oauth-scopes", scopes)));
    }

    private static Answer github(String request, String authorization, Map<String, String> headers) {
        if (!known(request, "GET /user")) {
            return Answer.of(404, "{\"message\":\"Not Found\"}");
        }
        if (!headers.containsKey("user-agent")) {
            return Answer.of(403, "Request forbidden by administrative rules.");
        }
        if (authorization.contains("ghs_")) {
            return Answer.of(403, "{\"message\":\"Resource not accessible by integration\",\"status\":\"403\"}");
        }
        var scopes = authorization.contains("poor") ? "gist" : "repo, user";
        return or(
                end(authorization, "{\"message\":\"Bad credentials\",\"status\":\"401\"}"),
                new Answer(200, "{\"login\":\"octocat\"}", Map.of("X-OAuth-Scopes", scopes)));
    }

    private static boolean known(String request, String expected) {
        return request.equals(expected);
    }

    /** What comes of a credential that isn't right; a status of 200: it is. */
    private static Answer end(String credential, String refusal) {
        if (credential.contains("slow")) {
            try {
                Thread.sleep(20_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        if (credential.contains("limited")) {
            return new Answer(
                    429,
                    "{\"message\":\"You are being rate limited.\",\"retry_after\":30}",
                    Map.of("Retry-After", "30"));
        }
        if (credential.contains("moved")) {
            return new Answer(302, "", Map.of("Location", "http://169.254.169.254/latest/meta-data/"));
        }
        if (credential.contains("down")) {
            return Answer.of(503, "upstream connect error");
        }
        return credential.contains("wrong") ? Answer.of(401, refusal) : Answer.of(200, "");
    }

    private static Answer or(Answer end, String body) {
        return or(end, Answer.of(200, body));
    }

    private static Answer or(Answer end, Answer right) {
        return end.status == 200 ? right : end;
    }

    private static String decoded(String basic) {
        return basic.startsWith("Basic ")
                ? new String(Base64.getDecoder().decode(basic.substring("Basic ".length())), StandardCharsets.UTF_8)
                : "wrong";
    }
}
