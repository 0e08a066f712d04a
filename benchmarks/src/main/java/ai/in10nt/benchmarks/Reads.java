package ai.in10nt.benchmarks;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Reads of the gateway's view: one row beside a bare handler, and lists where there are many. */
final class Reads {
    private static final int ROWS = 10_000;
    private static final int CONNECTIONS = 8;
    private static final int ROUNDS = 3;
    private static final int COUNT = 1000;
    private static final Duration WARM_UP = Duration.ofSeconds(20);
    private static final Duration ROUND = Duration.ofSeconds(4);

    private Reads() {}

    static List<Row> of(Target target, int freePort) throws IOException, InterruptedException, SQLException {
        var instance = target.instanceWithoutAgent("reads");
        var base = target.status().path("baseUrl").asText();
        var key = Map.of(
                "Authorization", "Bearer " + target.status().path("apiKey").asText());
        var bare = "http://127.0.0.1:" + freePort + "/instances/" + instance;
        var ours = base + "/instances/" + instance;
        var process = bareHandler(target, freePort);
        try {
            double our = 0;
            double theirs = 0;
            for (int round = -1; round < ROUNDS; round++) {
                double one = Wire.perSecond(ours, key, CONNECTIONS, round < 0 ? WARM_UP : ROUND);
                double other = Wire.perSecond(bare, Map.of(), CONNECTIONS, round < 0 ? WARM_UP : ROUND);
                our += round < 0 ? 0 : one / ROUNDS;
                theirs += round < 0 ? 0 : other / ROUNDS;
            }
            var first = Row.atLeast(
                    "GET /instances/{id} a second, " + CONNECTIONS + " connections",
                    Math.round(our) + "/s",
                    "bare Vert.x handler, one SELECT, same bytes: " + Math.round(theirs) + "/s",
                    our / theirs,
                    0.7,
                    0.9);
            fill(target, instance);
            return List.of(first, list(base, key), byName(base, key));
        } finally {
            process.destroy();
            target.destroy(instance);
        }
    }

    private static Row list(String base, Map<String, String> key) throws IOException {
        Wire.times(base + "/instances", key, COUNT / 2);
        var times = Wire.times(base + "/instances", key, COUNT);
        return Row.atMost(
                "first page of " + ROWS + " instances, p99", times.p99(), "ms", "p50 " + Row.ms(times.p50()), 20, 10);
    }

    private static Row byName(String base, Map<String, String> key) throws IOException {
        var url = base + "/instances/by-name/many-4711";
        Wire.times(url, key, COUNT / 2);
        var times = Wire.times(url, key, COUNT);
        return Row.atMost("one of " + ROWS + " by name, p99", times.p99(), "ms", "p50 " + Row.ms(times.p50()), 5, 2);
    }

    /** With the flags of the gateway, so that only the code differs. */
    private static Process bareHandler(Target target, int port) throws IOException {
        var database = target.status().path("databases").path(0);
        var process = new ProcessBuilder(
                        Path.of(Objects.requireNonNull(System.getProperty("java.home")), "bin/java")
                                .toString(),
                        "-XX:+UseSerialGC",
                        "-XX:+UseCompactObjectHeaders",
                        "-Xmx160m",
                        "--sun-misc-unsafe-memory-access=allow",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BareHandler.class.getName(),
                        String.valueOf(port),
                        database.path("url").asText().substring("jdbc:".length()),
                        database.path("user").asText(),
                        database.path("password").asText())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        process.inputReader().readLine();
        return process;
    }

    /** Rows as the events of so many creates would have left them. */
    private static void fill(Target target, String like) throws SQLException {
        try (var connection = target.database();
                var statement = connection.prepareStatement("""
                        insert into resource (id, kind, tenant, instance_id, name, status, revision, body, created_at)
                        select made.id, kind, tenant, made.id, made.name, status, revision,
                               replace(replace(body::text, resource.id, made.id), '"reads"', '"' || made.name || '"')::json,
                               created_at
                        from resource, (select 'inst_00000000000000000000' || lpad(n::text, 6, '0') as id,
                                               'many-' || n as name from generate_series(1, ?) n) made
                        where resource.id = ?
                        on conflict do nothing
                        """)) {
            statement.setInt(1, ROWS);
            statement.setString(2, like);
            statement.executeUpdate();
        }
    }
}
