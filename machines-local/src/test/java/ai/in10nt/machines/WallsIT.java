package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import ai.in10nt.machines.SandboxIT.As;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a machine can't do, in the form that ships: reach, use up, disturb. As root, and as an ordinary user. */
class WallsIT {

    /** In a network namespace of its own, where every address that is tried is ours. */
    @ParameterizedTest
    @EnumSource(As.class)
    void a_machine_reaches_public_addresses_and_nothing_else(As as) throws Exception {
        assumeThat(LocalFly.IS_DOCKER)
                .as("DockerWallsIT asks the same of containers")
                .isFalse();
        assumeThat(Drivers.isRoot())
                .as("a network namespace of the test's own needs root")
                .isTrue();
        var output = Files.createTempFile("in10nt-walls", ".out");
        var process = new ProcessBuilder(
                        "unshare",
                        "-n",
                        "--kill-child",
                        Path.of(Objects.requireNonNull(System.getProperty("java.home")), "bin/java")
                                .toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        "ai.in10nt.machines.Reach",
                        as.name())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
        assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();

        var text = Files.readString(output, StandardCharsets.UTF_8);
        Files.delete(output);
        var reached = text.lines()
                .filter(line -> line.contains("\t"))
                .collect(Collectors.toMap(line -> line.split("\t", 2)[0], line -> line.split("\t", 2)[1]));
        assertThat(reached)
                .as(text)
                .isEqualTo(Map.ofEntries(
                        Map.entry("host to agent port", "REACHED"),
                        Map.entry("public", "REACHED"),
                        Map.entry("neighbour's agent port", "refused"),
                        Map.entry("own agent port by the host's address", "refused"),
                        Map.entry("host by loopback", "refused"),
                        Map.entry("host by its address", "refused"),
                        Map.entry("the gateway", "refused"),
                        Map.entry("private", "refused"),
                        Map.entry("metadata", "refused"),
                        Map.entry("shared", "refused"),
                        Map.entry("kill a host process", "refused")));
        assertThat(process.exitValue()).as(text).isZero();
    }

    /** At most 800 MB in a machine of 256: bounded, were the wall not there. */
    @ParameterizedTest
    @EnumSource(As.class)
    void a_memory_hog_ends_and_its_neighbour_and_host_go_on(As as) throws Exception {
        try (var fly = SandboxIT.start(as)) {
            var neighbour = SandboxIT.create(fly, null);
            var hog = SandboxIT.create(
                    fly,
                    null,
                    // Held until it is ended: what is gone again before anybody looks was never too much for long.
                    "(head -c 800000000 /dev/zero && sleep 60) | tail -n 1 >/dev/null");

            await("the hog ended")
                    .atMost(Duration.ofSeconds(60))
                    .until(() -> fly.get("/v1/apps/test/machines/" + hog)
                            .text("state")
                            .equals("stopped"));

            var exit = fly.get("/v1/apps/test/machines/" + hog)
                    .body()
                    .path("events")
                    .path(0)
                    .path("request")
                    .path("exit_event");
            assertThat(exit.path("oom_killed").asBoolean()).as(exit.toString()).isTrue();
            assertThat(exit.path("exit_code").asInt()).isEqualTo(137);
            assertThat(SandboxIT.out(fly, neighbour, "echo alive")).isEqualTo("alive");
            destroyAll(fly, List.of(hog, neighbour));
        }
    }

    /** At most 2600 processes that end by themselves, the first not before the last has begun, however slow that is. */
    @ParameterizedTest
    @EnumSource(As.class)
    void a_fork_bomb_stays_in_its_machine(As as) throws Exception {
        try (var fly = SandboxIT.start(as)) {
            var neighbour = SandboxIT.create(fly, null);
            var bomb = SandboxIT.create(
                    fly, null, "i=0; while [ $i -lt 2600 ]; do sleep 300 & i=$((i+1)); done ; sleep 60", 1024);

            await("it can't have more")
                    .atMost(Duration.ofMinutes(4))
                    .until(() -> fly.log(bomb).contains("fork")
                            || !fly.get("/v1/apps/test/machines/" + bomb)
                                    .text("state")
                                    .equals("started"));

            assertThat(SandboxIT.out(fly, neighbour, "echo alive")).isEqualTo("alive");
            assertThat(new ProcessBuilder("true").start().waitFor()).isZero();
            destroyAll(fly, List.of(bomb, neighbour));
        }
    }

    private static void destroyAll(LocalFly fly, List<String> machines) {
        machines.forEach(id -> fly.delete("/v1/apps/test/machines/" + id + "?force=true"));
        await().atMost(Duration.ofSeconds(30))
                .until(() -> fly.get("/v1/apps/test/machines").body().isEmpty());
    }
}
