package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Volumes and their snapshots: fly-machines.md 2.3 and 6. */
@ParameterizedClass
@MethodSource("ai.in10nt.machines.FlyTarget#targets")
class FlyVolumesContract {
    private final FlyTarget at;
    private final FlyClient fly;

    FlyVolumesContract(FlyTarget at) {
        this.at = at;
        this.fly = at.fly();
    }

    private String path(String volume) {
        return at.volumes() + "/" + volume;
    }

    private void destroyVolume(String volume) {
        await().atMost(Duration.ofMinutes(2))
                .untilAsserted(() -> fly.delete(path(volume)).is(200));
    }

    private String exec(String machine, String command) {
        return fly.post(at.machine(machine) + "/exec", Map.of("cmd", command))
                .is(200)
                .text("stdout")
                .strip();
    }

    private String startedOn(String volume) {
        var id = at.create(at.configOn(volume), Map.of()).is(200).text("id");
        at.await(id, "started");
        return id;
    }

    @Test
    void a_volume_is_answered_whole_and_listed() {
        var name = FlyTarget.unique();
        var created = fly.post(at.volumes(), Map.of("name", name, "region", at.region(), "size_gb", 2))
                .is(200)
                .as("Volume");

        assertThat(created.text("id")).matches("vol_[0-9a-z]{16}");
        assertThat(created.text("region")).isEqualTo(at.region());
        assertThat(created.body().path("size_gb").asInt()).isEqualTo(2);
        assertThat(created.body().path("encrypted").asBoolean()).isTrue();
        var id = created.text("id");
        fly.get(path(id)).is(200).as("Volume");
        assertThat(fly.get(at.volumes()).is(200).eachAs("Volume").body().findValuesAsText("id"))
                .contains(id);
        destroyVolume(id);
    }

    @Test
    void lists_go_on_at_a_cursor() {
        var volumes = List.of(at.volume(), at.volume());

        var first = fly.get(at.volumes() + "?limit=1").is(200);

        assertThat(first.body()).hasSize(1);
        assertThat(first.header("fly-next-cursor")).isNotEmpty();
        assertThat(fly.get(at.volumes() + "?limit=1&cursor=" + first.header("fly-next-cursor"))
                        .is(200)
                        .body()
                        .path(0)
                        .path("id")
                        .asText())
                .isNotEqualTo(first.body().path(0).path("id").asText());
        volumes.forEach(this::destroyVolume);
    }

    @Test
    void bad_requests_name_what_is_wrong() {
        assertThat(fly.post(at.volumes(), Map.of("name", "Big Name", "region", at.region()))
                        .status())
                .isIn(400, 422);
        assertThat(fly.post(at.volumes(), Map.of("name", "x", "region", at.region(), "size_gb", 501))
                        .status())
                .isIn(400, 422);
        assertThat(fly.post(at.volumes(), Map.of("name", "x", "region", "mars")).status())
                .isIn(400, 404, 422);
        fly.get(path("vol_0000000000000000")).refuses(404);
    }

    @Test
    void retention_and_backups_can_be_changed() {
        var id = at.volume();

        var changed = fly.put(path(id), Map.of("snapshot_retention", 9, "auto_backup_enabled", false))
                .is(200)
                .as("Volume");

        assertThat(changed.body().path("snapshot_retention").asInt()).isEqualTo(9);
        assertThat(changed.body().path("auto_backup_enabled").asBoolean()).isFalse();
        assertThat(fly.put(path(id), Map.of("snapshot_retention", 61)).status()).isEqualTo(400);
        destroyVolume(id);
    }

    @Test
    void a_volume_grows_and_never_shrinks() {
        var id = at.volume();

        var grown = fly.put(path(id) + "/extend", Map.of("size_gb", 3)).is(200).as("ExtendVolumeResponse");

        assertThat(grown.body().path("volume").path("size_gb").asInt()).isEqualTo(3);
        fly.put(path(id) + "/extend", Map.of("size_gb", 2)).refuses(422, "greater than or equal to");
        destroyVolume(id);
    }

    @Test
    void a_volume_is_on_one_machine() {
        var volume = at.volume();
        var first = startedOn(volume);

        assertThat(fly.get(path(volume)).text("attached_machine_id")).isEqualTo(first);
        at.create(at.configOn(volume), Map.of("skip_launch", true))
                .refuses(412, "failed_precondition: volume already claimed by machine " + first);
        fly.delete(path(volume)).refuses(412, "failed_precondition: volume is currently bound to machine: " + first);
        assertThat(fly.post(at.machine(first), Map.of("config", at.config(), "skip_launch", true))
                        .status())
                .as("an update can't change it")
                .isIn(400, 409, 412, 422);

        at.destroy(first);
        destroyVolume(volume);
    }

    @Test
    void its_content_outlives_the_machine_and_its_release_lags() {
        var volume = at.volume();
        var first = startedOn(volume);
        exec(first, "echo kept >/data/kept");
        at.destroy(first);
        at.await(first, "destroyed");

        await().atMost(Duration.ofMinutes(3)).untilAsserted(() -> {
            var second = at.create(at.configOn(volume), Map.of("name", "second-" + volume.substring(4)));
            second.is(200);
        });

        var second = fly.get(path(volume)).text("attached_machine_id");
        at.await(second, "started");
        assertThat(exec(second, "cat /data/kept")).isEqualTo("kept");
        at.destroy(second);
        destroyVolume(volume);
    }

    @Test
    void a_destroyed_volume_is_listed_on_its_way_out() {
        var id = at.volume();

        assertThat(fly.delete(path(id)).is(200).as("Volume").text("state"))
                .isIn("pending_destroy", "scheduling_destroy", "waiting_for_detach");

        assertThat(fly.get(at.volumes()).body().findValuesAsText("id")).contains(id);
        fly.delete(path(id)).is(200);
        assertThat(at.create(at.configOn(id), Map.of("skip_launch", true)).status())
                .isIn(400, 404, 412);
    }

    @Test
    void a_snapshot_is_taken_listed_and_restored() {
        var volume = at.volume();
        var machine = startedOn(volume);
        exec(machine, "echo kept >/data/kept; chown 1000 /data/kept");

        var taken = fly.post(path(volume) + "/snapshots", (String) null).is(200);
        var snapshot = taken.body().path("Msg").path("backup").path("graph_id").asText();
        assertThat(snapshot).startsWith("vs_");
        await().atMost(Duration.ofMinutes(5)).untilAsserted(() -> {
            var listed = fly.get(path(volume) + "/snapshots").is(200).eachAs("VolumeSnapshot");
            assertThat(listed.body().path(0).path("id").asText()).isEqualTo(snapshot);
            assertThat(listed.body().path(0).path("status").asText()).isEqualTo("created");
        });
        exec(machine, "echo changed >/data/kept");
        at.destroy(machine);
        destroyVolume(volume);
        assertThat(fly.get(path(volume) + "/snapshots").is(200).body())
                .as("snapshots outlive their volume")
                .hasSize(1);

        var restored = fly.post(
                        at.volumes(),
                        Map.of(
                                "name",
                                FlyTarget.unique(),
                                "region",
                                at.region(),
                                "size_gb",
                                2,
                                "snapshot_id",
                                snapshot))
                .is(200)
                .text("id");
        await().atMost(Duration.ofMinutes(5))
                .until(() -> fly.get(path(restored)).text("state").equals("created"));
        var next = startedOn(restored);
        assertThat(exec(next, "cat /data/kept; stat -c %u /data/kept")).isEqualTo("kept\n1000");
        at.destroy(next);
        destroyVolume(restored);
    }

    @Test
    void a_restored_volume_is_at_least_as_large() {
        var volume = fly.post(at.volumes(), Map.of("name", FlyTarget.unique(), "region", at.region(), "size_gb", 2))
                .is(200)
                .text("id");
        var snapshot = fly.post(path(volume) + "/snapshots", (String) null)
                .is(200)
                .body()
                .path("Msg")
                .path("backup")
                .path("graph_id")
                .asText();
        await().atMost(Duration.ofMinutes(5))
                .until(() -> fly.get(path(volume) + "/snapshots")
                        .body()
                        .path(0)
                        .path("status")
                        .asText()
                        .equals("created"));

        fly.post(at.volumes(), Map.of("name", "small", "region", at.region(), "size_gb", 1, "snapshot_id", snapshot))
                .refuses(422, "greater than or equal");
        destroyVolume(volume);
    }

    @Test
    void a_fork_is_a_volume_of_its_own() {
        var volume = at.volume();
        var machine = startedOn(volume);
        exec(machine, "echo one >/data/word");

        var fork = fly.post(
                        at.volumes(),
                        Map.of("name", FlyTarget.unique(), "region", at.region(), "source_volume_id", volume))
                .is(200)
                .text("id");
        await().atMost(Duration.ofMinutes(5))
                .until(() -> fly.get(path(fork)).text("state").equals("created"));
        exec(machine, "echo two >/data/word");

        var other = startedOn(fork);
        assertThat(exec(other, "cat /data/word")).isEqualTo("one");
        at.destroy(machine);
        at.destroy(other);
        destroyVolume(volume);
        destroyVolume(fork);
    }
}
