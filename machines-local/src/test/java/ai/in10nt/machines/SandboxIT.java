package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A machine's life and its walls, with the driver that this machine really uses: as root, and as an ordinary user. */
class SandboxIT {
    /** Who runs machines-local. */
    enum As {
        SELF,
        ORDINARY_USER
    }

    private static final String PROGRAM = "trap 'exit 7' TERM; while :; do sleep 0.1; done";
    private static final int NOBODY = 65534;

    static LocalFly start(As as) throws IOException {
        boolean isRoot = Drivers.isRoot();
        assumeThat(as == As.SELF || !LocalFly.IS_DOCKER)
                .as("the engine is the same, whoever asks it")
                .isTrue();
        assumeThat(as == As.SELF || isRoot)
                .as("another user's machines need root to become that user")
                .isTrue();
        var fly = new LocalFly(as == As.ORDINARY_USER ? NOBODY : null);
        // Not skipped: where this fails, runc, pasta or nft is missing or doesn't work.
        var expected = as == As.SELF && isRoot ? "runc as root" : "runc in a user namespace";
        assertThat(fly.driver()).startsWith(LocalFly.IS_DOCKER ? "containers of Docker" : expected);
        fly.post("/v1/apps", "{\"app_name\":\"test\",\"org_slug\":\"personal\"}");
        return fly;
    }

    static String create(LocalFly fly, @Nullable String volume) {
        return create(fly, volume, PROGRAM);
    }

    static String create(LocalFly fly, @Nullable String volume, String program) {
        return create(fly, volume, program, 256);
    }

    static String create(LocalFly fly, @Nullable String volume, String program, int memoryMb) {
        var mounts = volume == null ? "" : ",\"mounts\":[{\"volume\":\"" + volume + "\",\"path\":\"/data\"}]";
        var created = fly.post(
                "/v1/apps/test/machines",
                "{\"name\":\"m" + System.nanoTime()
                        + "\",\"region\":\"iad\",\"config\":{\"image\":\"in10nt/agent:local\","
                        + "\"env\":{\"GREETING\":\"hello there\"},\"init\":{\"exec\":[\"/bin/sh\",\"-c\",\"" + program
                        + "\"]},\"guest\":{\"cpus\":1,\"memory_mb\":" + memoryMb + "},\"metadata\":{\"mine\":\"yes\"},"
                        + "\"restart\":{\"policy\":\"no\"},\"stop_config\":{\"signal\":\"SIGTERM\",\"timeout\":\"5s\"},"
                        + "\"files\":[{\"guest_path\":\"/run/test/secret\",\"raw_value\":\"c2VjcmV0\",\"mode\":384}]"
                        + mounts + "}}");
        assertThat(created.status()).as(created.body().toString()).isEqualTo(200);
        var id = created.text("id");
        assertThat(fly.get("/v1/apps/test/machines/" + id + "/wait?state=started&timeout=30")
                        .status())
                .isEqualTo(200);
        return id;
    }

    static String out(LocalFly fly, String machine, String command) {
        var answer = fly.exec(machine, command);
        assertThat(answer.status()).as(answer.body().toString()).isEqualTo(200);
        return (answer.text("stdout") + answer.text("stderr")).strip();
    }

    @ParameterizedTest
    @EnumSource(As.class)
    void a_machine_lives_from_create_to_destroy(As as) throws Exception {
        try (var fly = start(as)) {
            var volume = fly.post("/v1/apps/test/volumes", "{\"name\":\"ws\",\"region\":\"iad\",\"size_gb\":1}")
                    .text("id");
            var id = create(fly, volume);
            var path = "/v1/apps/test/machines/" + id;

            assertThat(out(fly, id, "echo $GREETING; cat /run/test/secret; stat -c %a /run/test/secret"))
                    .isEqualTo("hello there\nsecret600");
            out(fly, id, "echo kept > /data/kept; echo kept > /workspace/too; echo gone > /etc/gone");

            fly.restart();
            assertThat(fly.get(path).text("state"))
                    .as("adopted after a restart")
                    .isEqualTo("started");
            assertThat(out(fly, id, "cat /etc/gone")).isEqualTo("gone");

            assertThat(fly.post(path + "/stop", "{}").status()).isEqualTo(200);
            assertThat(fly.get(path + "/wait?state=stopped&timeout=20").status())
                    .isEqualTo(200);
            assertThat(fly.get(path)
                            .body()
                            .path("events")
                            .path(0)
                            .path("request")
                            .path("exit_event")
                            .path("exit_code")
                            .asInt())
                    .as("the program's own exit code")
                    .isEqualTo(7);
            assertThat(fly.post(path + "/start", null).status()).isEqualTo(200);
            assertThat(fly.get(path + "/wait?state=started&timeout=20").status())
                    .isEqualTo(200);
            assertThat(out(fly, id, "cat /data/kept /workspace/too; cat /etc/gone"))
                    .startsWith("kept\nkept")
                    .contains("No such file");

            assertThat(fly.delete("/v1/apps/test/volumes/" + volume).status())
                    .as("bound")
                    .isEqualTo(412);
            assertThat(fly.delete(path + "?force=true").status()).isEqualTo(200);
            assertThat(fly.get(path + "/wait?state=destroyed&timeout=20").status())
                    .isEqualTo(200);
            await("its machine is gone; the volume is free a moment later")
                    .atMost(Duration.ofSeconds(10))
                    .until(() -> fly.delete("/v1/apps/test/volumes/" + volume).status() == 200);
            await().atMost(Duration.ofSeconds(10)).untilAsserted(() -> {
                assertThat(fly.home().resolve("volumes").resolve(volume)).doesNotExist();
                assertThat(fly.home().resolve("machines").resolve(id)).doesNotExist();
                assertThat(ProcessHandle.allProcesses()
                                .map(process -> process.info().commandLine().orElse("")))
                        .noneMatch(line -> line.contains(id));
            });
            assertThat(Files.readString(Path.of("/proc/mounts")))
                    .doesNotContain(fly.home().toString());
        }
    }

    @ParameterizedTest
    @EnumSource(As.class)
    void a_machine_sees_and_changes_nothing_of_the_host(As as) throws Exception {
        try (var fly = start(as)) {
            var id = create(fly, null);
            assertThat(out(fly, id, "ls /root /home; ls -A /var; ls /work /tmp 2>&1"))
                    .doesNotContain(".m2", "cloud", "in10nt-machines");
            assertThat(out(fly, id, "ps ax | wc -l").strip()).as("processes").matches("[0-9]|1[0-2]");
            assertThat(out(fly, id, "kill -0 " + ProcessHandle.current().pid() + " && echo SEEN"))
                    .doesNotContain("SEEN");
            var mounted = out(
                    fly, id, "mount -t tmpfs none /mnt && echo MOUNTED; mount -o remount,rw /proc/sys && echo MOUNTED");
            assertThat(mounted).doesNotContain("MOUNTED");
            // A container's /usr is its own copy, and is gone with it.
            var written = out(fly, id, "mount -o remount,rw /usr; touch /usr/in10nt-was-here && echo WRITTEN");
            if (!LocalFly.IS_DOCKER) {
                assertThat(written).doesNotContain("WRITTEN");
            }
            assertThat(Path.of("/usr/in10nt-was-here")).doesNotExist();
            assertThat(out(fly, id, "nft flush ruleset && echo FLUSHED; ip link add x type dummy && echo ADDED"))
                    .doesNotContain("FLUSHED", "ADDED");
            fly.delete("/v1/apps/test/machines/" + id + "?force=true");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> fly.get("/v1/apps/test/machines").body().isEmpty());
        }
    }

    @ParameterizedTest
    @EnumSource(As.class)
    void what_it_is_given_is_sealed_at_rest(As as) throws Exception {
        try (var fly = start(as)) {
            var id = create(fly, null);

            try (var files = Files.walk(fly.home())) {
                for (var file : files.filter(Files::isRegularFile).toList()) {
                    assertThat(new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1))
                            .as(file.toString())
                            .doesNotContain("hello there", "c2VjcmV0");
                }
            }
            assertThat(fly.get("/v1/apps/test/machines/" + id)
                            .body()
                            .path("config")
                            .path("env")
                            .path("GREETING")
                            .asText())
                    .isEqualTo("hello there");
            fly.delete("/v1/apps/test/machines/" + id + "?force=true");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> fly.get("/v1/apps/test/machines").body().isEmpty());
        }
    }
}
