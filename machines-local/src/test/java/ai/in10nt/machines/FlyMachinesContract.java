package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Json;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Fly's machines as resources: fly-machines.md 2.2 and 3. Their states are in {@link FlyStatesContract}. */
@ParameterizedClass
@MethodSource("ai.in10nt.machines.FlyTarget#targets")
class FlyMachinesContract {
    private static final Map<String, Object> RESTING = Map.of("skip_launch", true);

    private final FlyTarget at;
    private final FlyClient fly;

    FlyMachinesContract(FlyTarget at) {
        this.at = at;
        this.fly = at.fly();
    }

    @Test
    void a_machine_is_answered_whole() {
        var name = FlyTarget.unique();
        var created = at.create(at.config(), Map.of("name", name, "skip_launch", true))
                .is(200)
                .as("Machine");

        assertThat(created.text("id")).matches("[0-9a-f]{14}");
        assertThat(created.text("name")).isEqualTo(name);
        assertThat(created.text("state")).isIn("created", "starting", "stopped");
        assertThat(created.text("instance_id")).matches("[0-9A-Z]{26}");
        assertThat(created.text("region")).isEqualTo(at.region());
        assertThat(created.text("host_status")).isEqualTo("ok");
        assertThat(created.body()
                        .path("config")
                        .path("metadata")
                        .path("contract")
                        .asText())
                .isEqualTo("yes");
        assertThat(created.body().path("image_ref").path("repository").asText()).endsWith("debian");
        at.destroy(created.text("id"));
    }

    @Test
    void a_name_is_made_up_where_none_is_given() {
        var created = fly.post(at.machines(), Map.of("region", at.region(), "config", at.config(), "skip_launch", true))
                .is(200);

        assertThat(created.text("name")).isNotEmpty();
        at.destroy(created.text("id"));
    }

    @Test
    void a_taken_name_names_its_machine_and_a_destroyed_one_frees_it() {
        var name = FlyTarget.unique();
        var first = at.create(at.config(), Map.of("name", name, "skip_launch", true))
                .is(200)
                .text("id");

        at.create(at.config(), Map.of("name", name, "skip_launch", true))
                .refuses(
                        409,
                        "already_exists: unique machine name violation, machine ID " + first
                                + " already exists with name");

        at.destroy(first);
        at.await(first, "destroyed");
        var second = at.create(at.config(), Map.of("name", name, "skip_launch", true))
                .is(200)
                .text("id");
        assertThat(second).isNotEqualTo(first);
        at.destroy(second);
    }

    @Test
    void unknown_fields_of_a_configuration_are_no_error_and_are_echoed() {
        var config = at.config();
        config.put("something_new", Map.of("a", 1));

        var id = at.create(config, RESTING).is(200).text("id");

        if (at.isLocal()) {
            assertThat(fly.get(at.machine(id))
                            .body()
                            .path("config")
                            .path("something_new")
                            .path("a")
                            .asInt())
                    .isEqualTo(1);
        }
        at.destroy(id);
    }

    @Test
    void bad_configurations_are_400_and_name_what_is_wrong() {
        var two = at.config();
        two.put("mounts", List.of(Map.of("volume", "vol_a", "path", "/a"), Map.of("volume", "vol_b", "path", "/b")));
        var small = at.config();
        small.put("guest", Map.of("cpu_kind", "shared", "cpus", 1, "memory_mb", 100));
        var withoutImage = at.config();
        withoutImage.remove("image");

        assertThat(at.create(two, RESTING).status()).isEqualTo(400);
        assertThat(at.create(small, RESTING).status()).isIn(400, 422);
        assertThat(at.create(withoutImage, RESTING).status()).isIn(400, 422);
        assertThat(fly.post(at.machines(), "{").status()).isIn(400, 422);
        assertThat(fly.post(at.machines(), "{}").status()).isIn(400, 422);
        assertThat(at.create(at.config(), Map.of("region", "mars", "skip_launch", true))
                        .status())
                .isIn(400, 404, 422);
    }

    @Test
    void a_region_may_be_an_expression() {
        var id = at.create(at.config(), Map.of("region", "lhr,eu", "skip_launch", true))
                .is(200);

        assertThat(id.text("region")).isEqualTo("lhr");
        at.destroy(id.text("id"));
    }

    @Test
    void an_id_that_never_was_is_404_and_a_wrong_one_400() {
        fly.get(at.machine("00000000000000")).refuses(404);
        assertThat(fly.get(at.machine("not-an-id")).status()).isIn(400, 404);
        fly.post(at.machine("00000000000000") + "/start", (String) null).refuses(404);
        fly.delete(at.machine("00000000000000")).refuses(404);
    }

    @Test
    void a_destroyed_machine_is_still_answered() {
        var id = at.resting();
        at.destroy(id);
        at.await(id, "destroyed");

        var gone = fly.get(at.machine(id)).is(200);

        assertThat(gone.text("state")).isEqualTo("destroyed");
        assertThat(fly.get(at.machines()).body().findValuesAsText("id")).doesNotContain(id);
        assertThat(fly.get(at.machines() + "?include_deleted=true").text()).contains(id);
    }

    @Test
    void lists_are_filtered_by_metadata_state_and_region() {
        var mark = FlyTarget.unique();
        var config = at.config();
        config.put("metadata", Map.of("mark", mark, "other", "x"));
        var id = at.create(config, RESTING).is(200).text("id");
        at.await(id, "stopped");

        assertThat(fly.get(at.machines() + "?metadata.mark=" + mark)
                        .is(200)
                        .eachAs("Machine")
                        .body())
                .hasSize(1);
        assertThat(fly.get(at.machines() + "?metadata.mark=" + mark + "&metadata.other=y")
                        .body())
                .isEmpty();
        assertThat(fly.get(at.machines() + "?metadata.mark=" + mark + "&state=started")
                        .body())
                .isEmpty();
        assertThat(fly.get(at.machines() + "?metadata.mark=" + mark + "&state=started,stopped")
                        .body())
                .hasSize(1);
        assertThat(fly.get(at.machines() + "?metadata.mark=" + mark + "&region=" + at.region())
                        .body())
                .hasSize(1);
        assertThat(fly.get(at.machines() + "?metadata.mark=" + mark + "&region=gru")
                        .body())
                .isEmpty();
        at.destroy(id);
    }

    @Test
    void lists_go_on_at_a_cursor() {
        var mark = FlyTarget.unique();
        var config = at.config();
        config.put("metadata", Map.of("mark", mark));
        var made = new ArrayList<String>();
        for (int i = 0; i < 3; i++) {
            made.add(at.create(config, RESTING).is(200).text("id"));
        }

        var list = at.machines() + "?limit=2&metadata.mark=" + mark;
        var first = fly.get(list).is(200);
        var second =
                fly.get(list + "&cursor=" + first.header("fly-next-cursor")).is(200);

        assertThat(first.body()).hasSize(2);
        assertThat(second.body()).hasSize(1);
        assertThat(second.header("fly-next-cursor")).isEmpty();
        var seen = new ArrayList<>(first.body().findValuesAsText("name"));
        seen.addAll(second.body().findValuesAsText("name"));
        assertThat(seen).doesNotHaveDuplicates().hasSize(3);
        assertThat(fly.get(at.machines() + "?limit=0").status()).isEqualTo(400);
        assertThat(fly.get(at.machines() + "?limit=1001").status()).isEqualTo(400);
        assertThat(fly.get(at.machines() + "?limit=1&cursor=nonsense").status()).isEqualTo(400);
        made.forEach(at::destroy);
    }

    @Test
    void a_summary_leaves_most_of_the_configuration_out() {
        var id = at.resting();

        var list =
                fly.get(at.machines() + "?summary=true&metadata.contract=yes").is(200);

        assertThat(list.text()).contains(id).doesNotContain("trap 'exit 0'");
        at.destroy(id);
    }

    @Test
    void an_update_replaces_the_whole_and_makes_a_version() {
        var id = at.resting();
        var before = fly.get(at.machine(id)).text("instance_id");
        var config = at.config();
        config.put("env", Map.of("A", "b"));
        config.remove("metadata");

        var updated = fly.post(at.machine(id), Map.of("config", config, "skip_launch", true))
                .is(200)
                .as("Machine");
        at.await(id, "stopped");

        var after = fly.get(at.machine(id)).body();
        assertThat(updated.text("instance_id")).isNotEqualTo(before);
        assertThat(after.path("config").path("env").path("A").asText()).isEqualTo("b");
        assertThat(after.path("config").path("metadata").path("contract").asText())
                .isEmpty();
        var versions = fly.get(at.machine(id) + "/versions").is(200).eachAs("MachineVersion");
        assertThat(versions.body().findValuesAsText("version")).contains(before, updated.text("instance_id"));
        var old = fly.get(at.machine(id) + "?version=" + before).is(200);
        assertThat(old.body().path("config").path("env").has("A")).isFalse();
        at.destroy(id);
    }

    @Test
    void a_stale_version_changes_nothing() {
        var id = at.resting();
        var version = fly.get(at.machine(id)).text("instance_id");
        var request = Map.of("config", at.config(), "skip_launch", true, "current_version", version);
        fly.post(at.machine(id), request).is(200);
        at.await(id, "stopped");
        var now = fly.get(at.machine(id)).text("instance_id");

        fly.post(at.machine(id), request).refuses(409);

        assertThat(fly.get(at.machine(id)).text("instance_id")).isEqualTo(now);
        at.destroy(id);
    }

    @Test
    void metadata_is_set_read_and_removed_without_a_new_version() {
        var id = at.resting();
        var version = fly.get(at.machine(id)).text("instance_id");
        var path = at.machine(id) + "/metadata";

        fly.post(path + "/color", Map.of("value", "green")).is(204);
        assertThat(fly.get(path + "/color").is(200).as("metadataValueResponse").text("value"))
                .isEqualTo("green");
        fly.call("PATCH", path, "{\"metadata\":{\"color\":null,\"size\":\"1\"}}")
                .is(204);
        assertThat(fly.get(path).is(200).body().has("color")).isFalse();
        assertThat(fly.get(path).text("size")).isEqualTo("1");
        fly.get(path + "/color").refuses(404);
        fly.call("PUT", path, "{\"metadata\":{\"size\":\"\"}}").is(204);
        assertThat(fly.get(path).body().has("size")).isFalse();
        fly.delete(path + "/contract").is(204);
        fly.call("PATCH", path, "{}").refuses(400);

        assertThat(fly.get(at.machine(id)).text("instance_id")).isEqualTo(version);
        at.destroy(id);
    }

    @Test
    void metadata_for_another_version_is_refused() {
        var id = at.resting();

        fly.call(
                        "PATCH",
                        at.machine(id) + "/metadata",
                        "{\"metadata\":{\"a\":\"b\"},\"machine_version\":\"01AAAAAAAAAAAAAAAAAAAAAAAA\"}")
                .refuses(412);
        at.destroy(id);
    }

    @Test
    void exec_answers_200_whatever_the_command_came_to() {
        var id = at.started();
        var path = at.machine(id) + "/exec";

        var failed = fly.post(path, Map.of("command", List.of("sh", "-c", "echo out; echo err >&2; exit 3")))
                .is(200)
                .as("flydv1.ExecResponse");
        assertThat(failed.body().path("exit_code").asInt()).isEqualTo(3);
        assertThat(failed.text("stdout")).isEqualTo("out\n");
        assertThat(failed.text("stderr")).contains("err");
        assertThat(fly.post(path, Map.of("cmd", "true"))
                        .is(200)
                        .body()
                        .path("exit_code")
                        .asInt())
                .isZero();
        fly.post(path, "{}").refuses(400);
        fly.post(path, Map.of("command", List.of("sleep", "5"), "timeout", 1)).refuses(408, "deadline_exceeded");
        at.destroy(id);
    }

    @Test
    void exec_and_signal_need_a_running_machine() {
        var id = at.resting();

        fly.post(at.machine(id) + "/exec", Map.of("cmd", "true")).refuses(412);
        fly.post(at.machine(id) + "/signal", Map.of("signal", "SIGTERM")).refuses(412);
        at.destroy(id);
    }

    @Test
    void signals_have_names_or_numbers_and_bounds() {
        var id = at.create(at.config("trap 'exit 5' USR1; while :; do sleep 0.05; done"), Map.of())
                .is(200)
                .text("id");
        at.await(id, "started");

        fly.post(at.machine(id) + "/signal", Map.of("signal", "SIGSTOP")).refuses(400);
        fly.post(at.machine(id) + "/stop", Map.of("signal", "SIGTRAP")).refuses(400);
        fly.post(at.machine(id) + "/signal", Map.of("signal", 9)).is(200);

        at.await(id, "stopped");
        at.destroy(id);
    }

    @Test
    void processes_are_listed_with_what_they_listen_on() {
        var id = at.started();

        var list = fly.get(at.machine(id) + "/ps").is(200).eachAs("ProcessStat");

        assertThat(list.body()).isNotEmpty();
        assertThat(list.text()).contains("/bin/sh");
        at.destroy(id);
    }

    @Test
    void a_cordoned_machine_says_so() {
        var id = at.resting();

        fly.post(at.machine(id) + "/cordon", (String) null).is(200);
        assertThat(fly.get(at.machine(id)).body().path("cordoned").asBoolean()).isTrue();
        fly.post(at.machine(id) + "/uncordon", (String) null).is(200);
        assertThat(fly.get(at.machine(id)).body().path("cordoned").asBoolean()).isFalse();
        at.destroy(id);
    }

    @Test
    void files_and_environment_reach_the_program() {
        var config = new HashMap<>(at.config());
        config.put("env", Map.of("GREETING", "hello there"));
        config.put("files", List.of(Map.of("guest_path", "/etc/given", "raw_value", "Z2l2ZW4=", "mode", 384)));
        var id = at.create(config, Map.of()).is(200).text("id");
        at.await(id, "started");

        var read = fly.post(
                        at.machine(id) + "/exec",
                        Json.text(Map.of(
                                "cmd", "cat /etc/given; echo $GREETING $FLY_MACHINE_ID $FLY_REGION $FLY_APP_NAME")))
                .is(200);

        assertThat(read.text("stdout")).contains("given", "hello there", id, at.region(), at.app());
        at.destroy(id);
    }
}
