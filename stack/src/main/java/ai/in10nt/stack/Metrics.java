package ai.in10nt.stack;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a service measures of itself. */
final class Metrics {
    private static final HttpClient HTTP = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(1))
            .build();

    private Metrics() {}

    /** Where a service of this name tells them. */
    static String path(String service) {
        return service.startsWith("api-gateway") ? "/metrics" : "/q/metrics";
    }

    /** Those without labels, as whole numbers; empty where nobody answers. What isn't a number is left out. */
    static Map<String, Long> at(String url) {
        try {
            var request = HttpRequest.newBuilder(URI.create(url))
                    .timeout(Duration.ofSeconds(10))
                    .build();
            var metrics = new LinkedHashMap<String, Long>();
            HTTP.send(request, HttpResponse.BodyHandlers.ofString())
                    .body()
                    .lines()
                    .map(line -> line.split(" ", -1))
                    .filter(words -> words.length == 2 && !words[0].startsWith("#") && !words[0].contains("{"))
                    .filter(words -> Double.isFinite(Double.parseDouble(words[1])))
                    .forEach(words -> metrics.put(words[0], (long) Double.parseDouble(words[1])));
            return metrics;
        } catch (IOException e) {
            return Map.of();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
