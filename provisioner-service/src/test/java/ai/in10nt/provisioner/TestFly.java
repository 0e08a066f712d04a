package ai.in10nt.provisioner;

import ai.in10nt.contracts.InstanceCommand;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.SealedValue;
import ai.in10nt.machines.MachinesLocal;
import ai.in10nt.provisioner.InstanceSteps.Outcome;
import com.fasterxml.jackson.databind.JsonNode;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import jakarta.ws.rs.ProcessingException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** An app of its own at machines-local, whose machines are states only, and a provisioner's driver and steps against it. */
final class TestFly {
    private static final String TOKEN = "a-token-of-this-test";
    private static final String URL = start();

    final String app = "app-" + Long.toString(System.nanoTime(), 36);
    final FlyMachines client = FlyOverHttp.client(URL, TOKEN);
    final FlyDriver driver;
    final InstanceSteps steps;
    boolean isAgentReady = true;
    Duration deadline = Duration.ofMinutes(3);

    TestFly() {
        var config = new Config();
        this.driver = new FlyDriver(client, config, new SimpleMeterRegistry());
        this.steps = new InstanceSteps(driver, this::health, config);
        driver.ensureApp();
    }

    private static String start() {
        try {
            var home = Files.createTempDirectory(Path.of("target"), "fly");
            Files.writeString(home.resolve("token"), TOKEN);
            int port = freePort();
            MachinesLocal.start(Map.of(
                    "MACHINES_PORT", String.valueOf(port),
                    "MACHINES_HOME", home.resolve("home").toString(),
                    "MACHINES_TOKEN_FILE", home.resolve("token").toString(),
                    "MACHINES_DRIVER", "none",
                    "MACHINES_JAVA", "unused",
                    "MACHINES_AGENT", "unused",
                    "MACHINES_OPENCODE", "unused"));
            return "http://127.0.0.1:" + port;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private AgentServer.Health health(String url, String authorization) {
        if (!isAgentReady) {
            throw new ProcessingException("connection refused");
        }
        return new AgentServer.Health("healthy");
    }

    /** A provisioner as another replica, or after a restart, would be: nothing is remembered. */
    InstanceSteps another() {
        var config = new Config();
        return new InstanceSteps(new FlyDriver(client, config, new SimpleMeterRegistry()), this::health, config);
    }

    static Instance created() {
        var command = new InstanceCommand.Create(
                InstanceId.mint(),
                "a",
                "d",
                "opencode",
                "shared-cpu-1x",
                "iad",
                List.of(),
                null,
                Map.of(),
                null,
                null,
                null,
                List.of());
        var decision = Instance.decide(null, command, "acme", null, Instant.now());
        return ((Instance.Decision.Accepted) decision).next();
    }

    /** A fault that only this app meets. */
    void fault(Map<String, Object> fault) {
        var answer = FlyOverHttp.send(URL + "/_faults", "POST", Json.text(fault), TOKEN);
        if (answer.statusCode() != 201) {
            throw new AssertionError(answer.body());
        }
    }

    /** The work is done and its answer lost, once. */
    void loseAnswer(String method, String path) {
        fault(Map.of("kind", "lost_answer", "method", method, "path", "/" + app + path));
    }

    void refuse(int status, String text, String path) {
        fault(Map.of(
                "kind", "error", "status", status, "error", text, "path", "/" + app + path, "method", "POST|DELETE"));
    }

    /** Takes steps until one settles the instance. */
    Instance settle(Instance instance) {
        var until = Instant.now().plusSeconds(40);
        while (Instant.now().isBefore(until)) {
            switch (stepped(steps, instance)) {
                case Outcome.Changed(var next, var _, var again) -> {
                    instance = next;
                    if (again.isEmpty()) {
                        return instance;
                    }
                }
                case Outcome.Waiting(var again) -> pause(again);
                case Outcome.Settled() -> {
                    return instance;
                }
            }
        }
        throw new AssertionError("never settled: " + instance);
    }

    /** As the owner: trouble is waited out. */
    Outcome stepped(InstanceSteps by, Instance instance) {
        try {
            return by.step(instance, Instant.now(), () -> true);
        } catch (ProcessingException unknownOutcome) {
            return new Outcome.Waiting(Duration.ofMillis(10));
        }
    }

    /** As the watch: what the instance's row doesn't name goes at the second look. */
    void sweep(Instance instance) {
        var rows = Map.of(
                instance.data().instanceId().value(),
                new Sweep.Owned(false, instance.machineId(), instance.volumeId()));
        var sweep = new Sweep(driver);
        for (int look = 0; look < 2; look++) {
            var _ = sweep.destroyOrphans(driver.machines(), driver.volumes(), rows);
        }
    }

    static void pause(Duration duration) {
        try {
            TimeUnit.NANOSECONDS.sleep(duration.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    List<FlyMachines.Machine> machines() {
        return client.machines(app, null);
    }

    List<FlyMachines.Volume> volumes() {
        return client.volumes(app).stream()
                .filter(volume -> !FlyDriver.isLeaving(volume))
                .toList();
    }

    JsonNode eventsOf(String machine) {
        var answer = FlyOverHttp.send(
                URL + "/v1/apps/" + app + "/machines/" + machine + "/events?limit=50", "GET", null, TOKEN);
        return Json.read(answer.body(), JsonNode.class);
    }

    private final class Config implements ProvisionerConfig {
        private final Path folder = keys();

        private static Path keys() {
            try {
                var folder = Files.createTempDirectory(Path.of("target"), "keys");
                Files.writeString(
                        folder.resolve("agent-access.key"), Base64.getEncoder().encodeToString(new byte[32]));
                Files.writeString(
                        folder.resolve("provisioner-private.json"),
                        SealedValue.KeyPair.generate().privateKeyset());
                Files.writeString(folder.resolve("providers.json"), "{}");
                return folder;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public Fly fly() {
            return new FlyConfig(URL, app, "personal", TOKEN, List.of("iad", "lhr", "fra"), "http://{private_ip}:3000");
        }

        @Override
        public String image() {
            return "in10nt/opencode:1";
        }

        @Override
        public Boot boot() {
            return () -> deadline;
        }

        @Override
        public Watch watch() {
            throw new UnsupportedOperationException();
        }

        @Override
        public Path keyset() {
            return folder;
        }

        @Override
        public Path providers() {
            return folder.resolve("providers.json");
        }
    }

    private record FlyConfig(String url, String app, String org, String token, List<String> regions, String agentUrl)
            implements ProvisionerConfig.Fly {}
}
