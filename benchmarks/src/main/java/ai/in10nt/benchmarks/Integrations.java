package ai.in10nt.benchmarks;

import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.IntegrationCommand;
import ai.in10nt.contracts.IntegrationData;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.SealedValue;
import ai.in10nt.contracts.Topic;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Executors;
import java.util.stream.StreamSupport;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringSerializer;

/** What integrations cost: to ask a partner, to have them from the first command on, and to rotate their keys. */
final class Integrations {
    private static final int QUESTIONS = 60;
    /** How long the stand-in for GitHub takes, about as one on the Internet does. */
    private static final Duration ANSWER = Duration.ofMillis(40);

    private static final int CREATES = 8;
    private static final int BUNDLES = 1000;
    private static final Duration PATIENCE = Duration.ofMinutes(2);

    /** All that OpenCode takes: Discord needs Moltbot. */
    private static final Map<String, Object> ALL = Map.of(
            "integrations",
            List.of("Slack", "GitHub", "Notion", "Telegram", "Jira", "Voice"),
            "integrationEnv",
            Map.ofEntries(
                    Map.entry("SLACK_BOT_TOKEN", "xoxb-1"),
                    Map.entry("GITHUB_TOKEN", "ghp_1"),
                    Map.entry("NOTION_API_TOKEN", "ntn_1"),
                    Map.entry("TELEGRAM_BOT_TOKEN", "123456:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
                    Map.entry("JIRA_BASE_URL", "https://example.atlassian.net"),
                    Map.entry("JIRA_EMAIL", "me@example.com"),
                    Map.entry("JIRA_API_TOKEN", "x"),
                    Map.entry("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
                    Map.entry("TWILIO_AUTH_TOKEN", "00000000000000000000000000000001"),
                    Map.entry("TWILIO_FROM_NUMBER", "+12345678901"),
                    Map.entry("ELEVENLABS_API_KEY", "x"),
                    Map.entry("ELEVENLABS_VOICE_ID", "x")));

    private Integrations() {}

    static List<Row> of(Target target) throws IOException, InterruptedException, SQLException {
        var verification = verification(target);
        var rotation = rotation(target);
        // After it: a service's first record of each partition costs what no later one does.
        return List.of(verification, creation(target), rotation);
    }

    private static Row verification(Target target) throws IOException, InterruptedException {
        int port = URI.create(target.status().path("baseUrl").asText()).getPort() + 10_090;
        var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/", exchange -> {
            try (exchange) {
                Target.pause(ANSWER);
                var body = "{\"login\":\"octocat\"}".getBytes(StandardCharsets.UTF_8);
                exchange.getResponseHeaders().set("X-OAuth-Scopes", "repo");
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
            }
        });
        server.start();
        var instance = target.instanceWithoutAgent("verified");
        try (var http = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/user"))
                    .build();
            var alone = new long[QUESTIONS];
            for (int i = 0; i < QUESTIONS; i++) {
                target.api(
                                "POST",
                                "/instances/" + instance + "/integrations",
                                Map.of(
                                        "integrations",
                                        List.of("GitHub"),
                                        "integrationEnv",
                                        Map.of("GITHUB_TOKEN", "ghp_" + i),
                                        "verify",
                                        true))
                        .is(200);
                long began = System.nanoTime();
                var _ = http.send(request, HttpResponse.BodyHandlers.ofString());
                alone[i] = System.nanoTime() - began;
            }
            double ours = verifiedP50(target, http);
            double theirs = new Times(alone).p50();
            return Row.atMost(
                    "a credential is verified, p50 of " + QUESTIONS,
                    ours,
                    "ms",
                    "the partner's own answer: " + Row.ms(theirs),
                    1.2 * theirs + 5,
                    1.2 * theirs);
        } finally {
            target.destroy(instance);
            server.stop(0);
        }
    }

    /** As the service measures it. */
    private static double verifiedP50(Target target, HttpClient http) throws IOException, InterruptedException {
        var url = StreamSupport.stream(target.status().path("services").spliterator(), false)
                .filter(service -> service.path("name").asText().startsWith("integration-service"))
                .findFirst()
                .orElseThrow()
                .path("url")
                .asText();
        var request = HttpRequest.newBuilder(URI.create(url + "/q/metrics")).build();
        return http.send(request, HttpResponse.BodyHandlers.ofString())
                .body()
                .lines()
                .filter(line -> line.startsWith("integration_partner_asked_seconds{")
                        && line.contains("outcome=\"valid\"")
                        && line.contains("quantile=\"0.5\""))
                .mapToDouble(line -> 1000 * Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
                .findFirst()
                .orElseThrow();
    }

    private static Row creation(Target target) {
        var with = new long[CREATES];
        var without = new long[CREATES];
        for (int i = -1; i < CREATES; i++) {
            long plain = created(target, Map.of("name", "plain-" + i, "description", "a benchmark"));
            var body = new java.util.HashMap<String, Object>(ALL);
            body.put("name", "integrated-" + i);
            body.put("description", "a benchmark");
            long integrated = created(target, body);
            if (i >= 0) {
                without[i] = plain;
                with[i] = integrated;
            }
        }
        var plain = new Times(without);
        var integrated = new Times(with);
        return Row.atMost(
                "six integrations add to create → healthy, p50 of " + CREATES,
                integrated.p50() - plain.p50(),
                "ms",
                Row.ms(integrated.p50()) + " with, " + Row.ms(plain.p50()) + " without",
                300,
                300);
    }

    private static long created(Target target, Map<String, Object> body) {
        long began = System.nanoTime();
        var answer = target.api("POST", "/instances", body).is(201);
        long took = System.nanoTime() - began;
        if (!answer.text("status").equals("healthy")) {
            throw new IllegalStateException("not healthy: " + answer.body());
        }
        target.destroy(answer.text("instanceId"));
        return took;
    }

    /** All of {@code ./dev rotate-keys}: both keys, every step seen by every replica. */
    private static Row rotation(Target target) throws IOException, InterruptedException, SQLException {
        fill(target);
        var java = Path.of(Objects.requireNonNull(System.getProperty("java.home")), "bin/java");
        var command = new ProcessBuilder(
                        java.toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        "stack/target/lib/*",
                        "ai.in10nt.stack.Stack",
                        "rotate-keys")
                .redirectErrorStream(true);
        long began = System.nanoTime();
        var running = command.start();
        var said = new String(running.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (running.waitFor() != 0) {
            throw new IllegalStateException(said);
        }
        double seconds = (System.nanoTime() - began) / 1e9;
        return Row.atMost(
                "keys are rotated, the values of " + BUNDLES + " instances sealed anew", seconds, "s", "", 10, 10);
    }

    /** As the gateway asks for it, of instances that needn't be there for that. */
    private static void fill(Target target) throws IOException, SQLException {
        var sealer = new SealedValue.Sealer(
                Files.readString(Path.of(target.status().path("keysetDir").asText(), "integration-public.json")));
        var values = Json.text(ALL.getOrDefault("integrationEnv", Map.of()));
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", target.kafka()), new StringSerializer(), new ByteArraySerializer())) {
            for (int i = 0; i < BUNDLES; i++) {
                var instance = InstanceId.mint();
                var set = new IntegrationCommand.Set(
                        instance,
                        List.of("GitHub", "Jira"),
                        List.of("GITHUB_TOKEN", "JIRA_BASE_URL", "JIRA_EMAIL", "JIRA_API_TOKEN"),
                        sealer.seal("default", instance, values),
                        false);
                var message = new Message(
                        Ids.command(),
                        IntegrationCommand.typeOf(set),
                        "/benchmark",
                        IntegrationData.idOf(instance),
                        Instant.now(),
                        "default",
                        null,
                        null,
                        null,
                        Json.bytes(set));
                var record = new ProducerRecord<>(
                        Topic.INTEGRATION_COMMANDS.topicName(),
                        Topic.partitionOf(instance),
                        message.subject(),
                        message.data());
                message.headers()
                        .forEach((name, value) -> record.headers().add(name, value.getBytes(StandardCharsets.UTF_8)));
                var _ = producer.send(record);
            }
        }
        awaitStored(target);
    }

    private static void awaitStored(Target target) throws SQLException {
        var database = StreamSupport.stream(target.status().path("databases").spliterator(), false)
                .filter(one -> one.path("name").asText().equals("integration"))
                .findFirst()
                .orElseThrow();
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        try (var connection = DriverManager.getConnection(
                        database.path("url").asText(),
                        database.path("user").asText(),
                        database.path("password").asText());
                var query = connection.prepareStatement("select count(*) from integration where sealed is not null")) {
            while (true) {
                try (var result = query.executeQuery()) {
                    if (result.next() && result.getInt(1) >= BUNDLES) {
                        return;
                    }
                }
                if (System.nanoTime() > deadline) {
                    throw new UncheckedIOException(new IOException("the integrations aren't stored"));
                }
                Target.pause(Duration.ofMillis(200));
            }
        }
    }
}
