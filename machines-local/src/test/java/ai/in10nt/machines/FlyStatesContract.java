package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Transitions, events and waiting: fly-machines.md 4.2 to 4.5. */
@ParameterizedClass
@MethodSource("ai.in10nt.machines.FlyTarget#targets")
class FlyStatesContract {
    private final FlyTarget at;
    private final FlyClient fly;

    FlyStatesContract(FlyTarget at) {
        this.at = at;
        this.fly = at.fly();
    }

    private String state(String id) {
        return fly.get(at.machine(id)).is(200).text("state");
    }

    private JsonNode events(String id) {
        return fly.get(at.machine(id) + "/events?limit=50")
                .is(200)
                .eachAs("MachineEvent")
                .body();
    }

    private JsonNode lastExit(String id) {
        for (var event : events(id)) {
            if (event.path("type").asText().equals("exit")) {
                return event.path("request").path("exit_event");
            }
        }
        throw new AssertionError("no exit: " + events(id));
    }

    @Test
    void a_launch_goes_by_created_and_starting_to_started() {
        var created = at.create(at.config(), Map.of()).is(200);
        var id = created.text("id");
        assertThat(created.text("state")).isIn("created", "starting");

        at.await(id, "started");

        assertThat(state(id)).isEqualTo("started");
        assertThat(events(id).findValuesAsText("type")).contains("launch", "start");
        at.destroy(id);
    }

    @Test
    void what_is_not_launched_is_prepared_and_rests() {
        var id = at.create(at.config(), Map.of("skip_launch", true)).is(200).text("id");

        assertThat(at.await(id, "stopped").path("state").asText()).isEqualTo("stopped");

        assertThat(fly.post(at.machine(id) + "/start", (String) null).is(200).text("previous_state"))
                .isEqualTo("stopped");
        at.await(id, "started");
        at.destroy(id);
    }

    @Test
    void created_refuses_a_start() {
        if (at.isLocal()) {
            at.fault(Map.of("kind", "slow_image", "region", "syd", "seconds", 2));
        }
        var id = at.create(at.config(), Map.of("skip_launch", true, "region", at.isLocal() ? "syd" : at.region()))
                .is(200)
                .text("id");

        fly.post(at.machine(id) + "/start", (String) null)
                .refuses(412, "failed_precondition: unable to start machine from current state: 'created'");
        fly.delete(at.machine(id) + "?force=true").is(200);
    }

    @Test
    void a_stop_is_seen_and_refuses_a_start_meanwhile() {
        var id = at.create(
                        at.config("trap 'sleep 1; exit 7' INT; touch /tmp/trap; while :; do sleep 0.05; done"),
                        Map.of())
                .is(200)
                .text("id");
        at.await(id, "started");
        // Started is its first instruction; a signal that comes before the trap is set ends nothing.
        fly.post(at.machine(id) + "/exec", Map.of("cmd", "until [ -e /tmp/trap ]; do sleep 0.05; done"))
                .is(200);

        fly.post(at.machine(id) + "/stop", Map.of("id", id, "timeout", "10s")).is(200);
        assertThat(state(id)).isEqualTo("stopping");
        fly.post(at.machine(id) + "/start", (String) null)
                .refuses(412, "failed_precondition: machine still active, refusing to start");
        at.await(id, "stopped");

        assertThat(lastExit(id).path("exit_code").asInt()).isEqualTo(7);
        assertThat(lastExit(id).path("requested_stop").asBoolean()).isTrue();
        at.destroy(id);
    }

    @Test
    void stopping_twice_and_starting_twice_is_no_error() {
        var id = at.started();

        fly.post(at.machine(id) + "/start", (String) null).is(200);
        fly.post(at.machine(id) + "/stop", Map.of("id", id, "timeout", "0s", "signal", "SIGTERM"))
                .is(200);
        at.await(id, "stopped");
        fly.post(at.machine(id) + "/stop", (String) null).is(200);
        at.destroy(id);
    }

    @Test
    void a_program_that_ignores_the_signal_is_ended_after_the_timeout() {
        var id = at.create(at.config("trap '' INT TERM; while :; do sleep 0.05; done"), Map.of())
                .is(200)
                .text("id");
        at.await(id, "started");

        fly.post(at.machine(id) + "/stop", Map.of("timeout", "1s")).is(200);

        at.await(id, "stopped");
        at.destroy(id);
    }

    @Test
    void a_suspended_machine_goes_on_where_it_stood() {
        var id = at.create(at.config("i=0; while :; do i=$((i+1)); echo $i >/tmp/count; sleep 0.05; done"), Map.of())
                .is(200)
                .text("id");
        at.await(id, "started");
        fly.post(at.machine(id) + "/exec", Map.of("cmd", "echo here >/tmp/mark"))
                .is(200);

        fly.post(at.machine(id) + "/suspend", (String) null).is(200);
        at.await(id, "suspended");
        fly.post(at.machine(id) + "/exec", Map.of("cmd", "true")).refuses(412);
        assertThat(fly.post(at.machine(id) + "/start", (String) null).is(200).text("previous_state"))
                .isEqualTo("suspended");
        at.await(id, "started");

        assertThat(fly.post(at.machine(id) + "/exec", Map.of("cmd", "cat /tmp/mark"))
                        .is(200)
                        .text("stdout"))
                .as("the root file system is reset at a boot: this was none")
                .contains("here");
        at.destroy(id);
    }

    @Test
    void stopping_a_suspended_machine_gives_its_memory_up() {
        var id = at.started();
        fly.post(at.machine(id) + "/suspend", (String) null).is(200);
        at.await(id, "suspended");

        fly.post(at.machine(id) + "/stop", (String) null).is(200);

        at.await(id, "stopped");
        at.destroy(id);
    }

    @Test
    void what_does_not_run_cannot_be_suspended_or_restarted() {
        var id = at.resting();

        assertThat(fly.post(at.machine(id) + "/suspend", (String) null).status())
                .isIn(400, 412);
        if (at.isLocal()) {
            fly.post(at.machine(id) + "/restart", (String) null).refuses(412);
        }
        at.destroy(id);
    }

    @Test
    void a_restart_is_another_boot() {
        var id = at.started();
        fly.post(at.machine(id) + "/exec", Map.of("cmd", "echo here >/tmp/mark"))
                .is(200);
        var since = events(id).path(0).path("id").asText();

        fly.post(at.machine(id) + "/restart?timeout=2s&signal=SIGTERM", (String) null)
                .is(200);
        fly.get(at.machine(id) + "/wait?state=started&timeout=60&from_event_id=" + since)
                .is(200);
        at.await(id, "started");

        assertThat(fly.post(at.machine(id) + "/exec", Map.of("cmd", "cat /tmp/mark"))
                        .is(200)
                        .body()
                        .path("exit_code")
                        .asInt())
                .as("the root file system was reset")
                .isNotZero();
        fly.post(at.machine(id) + "/restart?signal=SIGWINCH", (String) null).refuses(400);
        at.destroy(id);
    }

    @Test
    void an_update_of_a_running_machine_boots_the_new_configuration() {
        var id = at.started();
        var config = at.config();
        config.put("env", Map.of("NEW", "yes"));

        var updated = fly.post(at.machine(id), Map.of("config", config)).is(200);
        assertThat(updated.text("state")).isIn("replacing", "updating", "started", "starting", "stopped");
        fly.get(at.machine(id) + "/wait?state=started&timeout=60&version=" + updated.text("instance_id"))
                .is(200);

        assertThat(fly.post(at.machine(id) + "/exec", Map.of("cmd", "echo $NEW"))
                        .text("stdout"))
                .contains("yes");
        assertThat(events(id).findValuesAsText("type")).contains("update");
        at.destroy(id);
    }

    @Test
    void a_running_machine_is_destroyed_by_force_only() {
        var id = at.started();

        assertThat(fly.delete(at.machine(id)).status()).isIn(400, 409, 412);
        fly.delete(at.machine(id) + "?kill=true").is(200);
        assertThat(state(id)).isIn("destroying", "destroyed");

        at.await(id, "destroyed");
        fly.delete(at.machine(id) + "?force=true").is(200);
    }

    @Test
    void a_program_that_fails_is_started_again_as_often_as_allowed() {
        var config = at.config("exit 3");
        config.put("restart", Map.of("policy", "on-failure", "max_retries", 2));
        var id = at.create(config, Map.of()).is(200).text("id");

        at.await(id, "stopped");

        var exits = events(id);
        long restarts = 0;
        for (var event : exits) {
            restarts +=
                    event.path("request").path("exit_event").path("restarting").asBoolean() ? 1 : 0;
        }
        assertThat(restarts).as(exits.toString()).isEqualTo(2);
        assertThat(lastExit(id).path("exit_code").asInt()).isEqualTo(3);
        assertThat(lastExit(id).path("requested_stop").asBoolean()).isFalse();
        at.destroy(id);
    }

    @Test
    void a_program_that_ends_well_is_not_started_again() {
        var config = at.config("exit 0");
        config.put("restart", Map.of("policy", "on-failure"));
        var id = at.create(config, Map.of()).is(200).text("id");

        at.await(id, "stopped");

        assertThat(lastExit(id).path("restarting").asBoolean()).isFalse();
        at.destroy(id);
    }

    @Test
    void auto_destroy_ends_with_the_program() {
        var config = at.config("exit 1");
        config.put("auto_destroy", true);
        var id = at.create(config, Map.of()).is(200).text("id");

        at.await(id, "destroyed");
    }

    @Test
    void a_program_that_uses_its_memory_up_is_reported_as_such() {
        // The shell doubles a string: at most 1.5 GB, were nothing to stop it.
        var id = at.create(
                        at.config(
                                "s=0123456789abcdef; i=0; while [ $i -lt 26 ]; do s=$s$s; i=$((i+1)); sleep 0.1; done"),
                        Map.of())
                .is(200)
                .text("id");

        at.await(id, "stopped");

        assertThat(lastExit(id).path("oom_killed").asBoolean())
                .as(events(id).toString())
                .isTrue();
        assertThat(lastExit(id).path("requested_stop").asBoolean()).isFalse();
        at.destroy(id);
    }

    @Test
    void events_are_newest_first_and_bounded() {
        var id = at.resting();

        var all = events(id);

        long last = Long.MAX_VALUE;
        for (var event : all) {
            assertThat(event.path("timestamp").asLong()).isLessThanOrEqualTo(last);
            last = event.path("timestamp").asLong();
        }
        assertThat(fly.get(at.machine(id) + "/events?limit=1").is(200).body()).hasSize(1);
        assertThat(fly.get(at.machine(id) + "/events?limit=51").status()).isEqualTo(400);
        at.destroy(id);
    }

    @Test
    void waiting_answers_state_and_version() {
        var id = at.started();
        var version = fly.get(at.machine(id)).text("instance_id");

        var there = fly.get(at.machine(id) + "/wait?state=stopped,started&timeout=5")
                .is(200)
                .as("WaitMachineResponse");
        assertThat(there.body().path("ok").asBoolean()).isTrue();
        assertThat(there.text("state")).isEqualTo("started");
        assertThat(there.text("version")).isEqualTo(version);
        fly.get(at.machine(id) + "/wait").is(200);
        fly.get(at.machine(id) + "/wait?state=stopped&state=started&instance_id=" + version)
                .is(200);
        fly.get(at.machine(id) + "/wait?state=settled").is(200);
        at.destroy(id);
    }

    @Test
    void waiting_in_vain_is_408_and_says_where_it_stands() {
        var id = at.resting();

        fly.get(at.machine(id) + "/wait?state=started&timeout=1")
                .refuses(408, "deadline_exceeded: machine failed to reach desired state, started, currently stopped");
        at.destroy(id);
    }

    @Test
    void waiting_has_bounds() {
        var id = at.resting();

        for (var timeout : List.of("0", "61", "-1", "soon")) {
            fly.get(at.machine(id) + "/wait?state=started&timeout=" + timeout).refuses(400, "invalid_argument");
        }
        fly.get(at.machine(id) + "/wait?state=asleep&timeout=1").refuses(400);
        fly.get(at.machine("00000000000000") + "/wait?state=started&timeout=1").refuses(404);
        at.destroy(id);
    }

    @Test
    void waiting_for_a_version_that_was_replaced_says_so() {
        assumeThat(at.isLocal()).as("Fly's text for it isn't documented").isTrue();
        var id = at.resting();
        var old = fly.get(at.machine(id)).text("instance_id");
        fly.post(at.machine(id), Map.of("config", at.config(), "skip_launch", true))
                .is(200);

        fly.get(at.machine(id) + "/wait?state=stopped&timeout=10&version=" + old)
                .refuses(408, "currently replaced");
        at.destroy(id);
    }
}
