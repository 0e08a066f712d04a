package ai.in10nt.stack;

import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** What a service measures of itself. */
final class Metrics {
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(1))
            .build();

    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private Metrics() {}

    /** Where a service of this name tells them. */
    static String path(String service) {
        return service.startsWith("api-gateway") ? "/metrics" : "/q/metrics";
    }

    /** Those without labels, as whole numbers; empty where nobody answers. What isn't a number is left out. */
    static Map<String, Long> at(String url) {
        var answer =
                HTTP.sendAsync(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString());
        try {
            var metrics = new LinkedHashMap<String, Long>();
            answer.get(PATIENCE.toSeconds(), TimeUnit.SECONDS)
                    .body()
                    .lines()
                    .map(line -> line.split(" ", -1))
                    .filter(words -> words.length == 2 && !words[0].startsWith("#") && !words[0].contains("{"))
                    .filter(words -> Double.isFinite(Double.parseDouble(words[1])))
                    .forEach(words -> metrics.put(words[0], (long) Double.parseDouble(words[1])));
            return metrics;
        } catch (ExecutionException | TimeoutException e) {
            // Also one that stops in the middle of its answer.
            answer.cancel(true);
            return Map.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
