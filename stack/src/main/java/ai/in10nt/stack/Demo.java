package ai.in10nt.stack;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The main job, on a running stack, over HTTP as any client would: an instance, a prompt, what came of it. The word in the prompt
 * is made up now; the file is read from the instance's volume; the tokens are held against what the model says it was asked.
 */
final class Demo {
    private static final Duration LINES_WITHIN = Duration.ofSeconds(10);

    private final Settings settings;
    private final Home home;
    private final Gateway gateway;
    private final Gateway fly;

    Demo(Settings settings, Home home) throws IOException {
        this.settings = settings;
        this.home = home;
        this.gateway = new Gateway(
                "http://127.0.0.1:" + settings.gatewayPort(1),
                Files.readString(home.at("secrets/api-key")).strip());
        this.fly = new Gateway("http://127.0.0.1:" + settings.machinesPort(), home.password("fly-token"));
    }

    void run() throws IOException {
        var word = "zebra-" + Integer.toString(ThreadLocalRandom.current().nextInt(100_000, 1_000_000), 36);
        var prompt = "Create a file hello.txt containing " + word + " and run the command `wc -c hello.txt`";
        say(
                "model",
                Providers.areReal(settings)
                        ? "a real one, by its provider's key"
                        : "the demo model: scripted answers, no intelligence");
        say("sandbox", Files.readString(home.at("machines/driver")).strip());

        long began = System.nanoTime();
        var instance = gateway.post("/instances", Map.of("name", "demo", "description", "The demo's instance"));
        var id = instance.path("instanceId").asText();
        say("instance", id + " is " + instance.path("status").asText() + " after " + seconds(began));
        if (!instance.path("status").asText().equals("healthy")) {
            throw new Stack.Trouble("The instance didn't become healthy: " + instance);
        }
        say("prompt", prompt);
        var live = Thread.ofVirtual()
                .start(() -> new InstanceLog(gateway, id).follow(line -> {
                    say("live", InstanceLog.brief(line));
                    return line.path("message").asText().startsWith("the run is ");
                }));
        began = System.nanoTime();
        var request = new HashMap<String, Object>(Providers.demoRun(settings));
        request.put("prompt", prompt);
        var task = gateway.post("/instances/" + id + "/run", request);
        await(live);
        say("answer", task.path("response").asText().replace("\n", "\n            "));
        say(
                "status",
                task.path("status").asText() + " in " + task.path("duration_ms").asText() + " ms, " + seconds(began)
                        + " over HTTP; tools: " + task.path("toolsUsed"));
        if (!task.path("status").asText().equals("completed")) {
            throw new Stack.Trouble("The task didn't complete: " + task);
        }
        check(task, word);
        checkFile(id, word);

        began = System.nanoTime();
        gateway.delete("/instances/" + id);
        say("destroyed", "after " + seconds(began));
    }

    private void check(JsonNode task, String word) {
        var usage = task.path("usage");
        var line = task.path("tokensUsed").asLong() + " in "
                + usage.path("model_calls").asInt() + " model calls, "
                + String.format(Locale.ROOT, "$%.4f", usage.path("cost").asDouble());
        if (Providers.areReal(settings)) {
            say("tokens", line);
            return;
        }
        long asked = 0;
        int calls = 0;
        var model = new Gateway("http://127.0.0.1:" + settings.modelPort(), "");
        for (var request : model.get("/requests?contains=" + word)) {
            asked += request.path("promptTokens").asLong()
                    + request.path("completionTokens").asLong();
            calls++;
        }
        say("tokens", line + "; the demo model counted " + asked + " in " + calls);
        if (asked != task.path("tokensUsed").asLong()
                || calls != usage.path("model_calls").asInt()) {
            throw new Stack.Trouble("What the task counted isn't what the model was asked.");
        }
    }

    private void checkFile(String instance, String word) throws IOException {
        var machines = fly.get("/v1/apps/" + Parts.APP + "/machines?metadata.in10nt_instance=" + instance);
        var volume = machines.path(0)
                .path("config")
                .path("mounts")
                .path(0)
                .path("volume")
                .asText();
        var file = home.at("machines/volumes/" + volume + "/workspace/hello.txt");
        var content = Files.readString(file);
        say("file", "hello.txt on the instance's volume: " + content);
        if (!content.strip().equals(word)) {
            throw new Stack.Trouble("The file should have: " + word);
        }
    }

    private static void await(Thread live) {
        try {
            if (!live.join(LINES_WITHIN)) {
                throw new Stack.Trouble("The log of the instance doesn't come to the end of the run.");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void say(String what, String value) {
        System.out.printf("%-10s  %s%n", what, value);
    }

    private static String seconds(long since) {
        return String.format(Locale.ROOT, "%.1f s", (System.nanoTime() - since) / 1e9);
    }
}
