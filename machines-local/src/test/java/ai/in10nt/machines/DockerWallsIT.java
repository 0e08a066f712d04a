package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a machine that is a container reaches: every address that is tried is one of this test's own. */
class DockerWallsIT {
    /** Of a network for documentation, which nobody has. */
    private static final String PUBLIC = "203.0.113";

    @Test
    void a_container_reaches_the_model_and_public_addresses_and_nothing_else() throws Exception {
        assumeThat(LocalFly.IS_DOCKER).as("no Docker engine was asked for").isTrue();
        try (var fly = SandboxIT.start(SandboxIT.As.SELF);
                var host = new ServerSocket(0, 50, InetAddress.getByName("0.0.0.0"))) {
            var one = SandboxIT.create(fly, null);
            var listening = "python3 -m http.server 3000 --bind 0.0.0.0";
            var other = SandboxIT.create(fly, null, listening);
            var neighbour = fly.get("/v1/apps/test/machines/" + other).text("private_ip");
            var outside = fly.network() + "-outside";
            var model = fly.network() + "-model";
            try {
                docker(
                        "run",
                        "-d",
                        "--name",
                        model,
                        "--network",
                        fly.network(),
                        "--ip",
                        fly.modelAddress(),
                        "--entrypoint",
                        "python3",
                        "in10nt/agent:local",
                        "-m",
                        "http.server",
                        "8080");
                docker(
                        "run",
                        "-d",
                        "--name",
                        outside,
                        "--network",
                        fly.network(),
                        "--entrypoint",
                        "python3",
                        "in10nt/agent:local",
                        "-m",
                        "http.server",
                        "8080");
                // Made after the machine, so that it isn't known as one of this host's own.
                docker("network", "create", "--subnet", PUBLIC + ".0/24", "--gateway", PUBLIC + ".1", outside);
                var plain =
                        docker("inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", outside);
                var gateway = docker("network", "inspect", "-f", "{{(index .IPAM.Config 0).Subnet}}", fly.network())
                        .replaceFirst("\\.0\\.0/16", ".255.0");
                for (var address : List.of(neighbour + "/3000", plain + "/8080", fly.modelAddress() + "/8080")) {
                    await("it listens at " + address)
                            .atMost(Duration.ofSeconds(20))
                            .until(() -> isReached(address));
                }

                var targets = new LinkedHashMap<String, String>();
                targets.put("neighbour", neighbour + "/3000");
                targets.put("another container of its network", plain + "/8080");
                targets.put("the model", fly.modelAddress() + "/8080");
                targets.put("another port of the model's address", fly.modelAddress() + "/8081");
                targets.put("the host by its gateway", gateway + "/" + host.getLocalPort());
                targets.put("metadata", "169.254.169.254/80");
                targets.put("public", PUBLIC + ".1/" + host.getLocalPort());
                var reached = new LinkedHashMap<String, Boolean>();
                targets.forEach((name, target) -> reached.put(
                        name,
                        SandboxIT.out(
                                        fly,
                                        one,
                                        "timeout 4 bash -c 'exec 3<>/dev/tcp/" + target
                                                + "' 2>/dev/null && echo REACHED")
                                .contains("REACHED")));

                assertThat(reached)
                        .isEqualTo(Map.of(
                                "neighbour", false,
                                "another container of its network", false,
                                "the model", true,
                                "another port of the model's address", false,
                                "the host by its gateway", false,
                                "metadata", false,
                                "public", true));
                assertThat(isReached(neighbour + "/3000")).as("it goes on").isTrue();
            } finally {
                docker("rm", "-f", model, outside);
                docker("network", "rm", outside);
            }
        }
    }

    /** What somebody could ask for who has taken machines-local over. */
    @Test
    void the_engine_is_asked_for_machines_alone() throws Exception {
        assumeThat(LocalFly.IS_DOCKER).as("no Docker engine was asked for").isTrue();
        try (var fly = SandboxIT.start(SandboxIT.As.SELF)) {
            var machine = "in10nt-" + SandboxIT.create(fly, null);
            var escape =
                    "{\"Image\":\"in10nt/agent:local\",\"HostConfig\":{\"Privileged\":true,\"Binds\":[\"/:/host:rw\"]}}";

            assertThat(ask(fly, "GET", "/containers/" + machine + "/json", "")).isEqualTo("200");
            assertThat(ask(fly, "GET", "/containers/json?all=true", "")).isEqualTo("403");
            assertThat(ask(fly, "GET", "/info", "")).isEqualTo("403");
            assertThat(ask(fly, "GET", "/containers/" + machine + "/archive?path=/", ""))
                    .isEqualTo("403");
            assertThat(ask(fly, "POST", "/containers/create?name=in10nt-0123456789abcd", escape))
                    .isEqualTo("403");
            assertThat(ask(fly, "POST", "/containers/" + machine + "/exec", "{\"Cmd\":[\"true\"],\"Privileged\":true}"))
                    .isEqualTo("403");
            assertThat(ask(fly, "POST", "/volumes/create", "{}")).isEqualTo("403");
            var others = "in10nt-" + Tokens.machine();
            docker(
                    "run",
                    "-d",
                    "--rm",
                    "--name",
                    others,
                    "--label",
                    "ai.in10nt.network=another",
                    "--entrypoint",
                    "sleep",
                    "in10nt/agent:local",
                    "60");
            assertThat(ask(fly, "POST", "/containers/" + others + "/kill", "")).isEqualTo("403");
            docker("rm", "-f", others);
            assertThat(ask(fly, "GET", "/containers/" + docker("inspect", "-f", "{{.Id}}", machine) + "/json", ""))
                    .as("by its id it could be anybody's")
                    .isEqualTo("403");
        }
    }

    private static String ask(LocalFly fly, String method, String path, String body) {
        return Host.run(
                        Duration.ofSeconds(20),
                        List.of(
                                "curl",
                                "-s",
                                "-m",
                                "10",
                                "-o",
                                "/dev/null",
                                "-w",
                                "%{http_code}",
                                "--unix-socket",
                                fly.engine().toString(),
                                "-X",
                                method,
                                "-H",
                                "Content-Type: application/json",
                                "-d",
                                body,
                                "http://docker" + path))
                .stdout();
    }

    private static boolean isReached(String target) {
        return Host.run(Duration.ofSeconds(3), List.of("bash", "-c", "exec 3<>/dev/tcp/" + target))
                        .exitCode()
                == 0;
    }

    private static String docker(String... words) throws IOException {
        var command = new java.util.ArrayList<>(List.of("docker"));
        command.addAll(List.of(words));
        var result = Host.run(Duration.ofSeconds(60), command);
        if (result.exitCode() != 0) {
            throw new IOException(String.join(" ", command) + ": " + result.stderr());
        }
        return result.stdout().strip();
    }
}
