package ai.in10nt.provisioner;

import static ai.in10nt.contracts.InstanceStatus.DESTROYED;
import static ai.in10nt.contracts.InstanceStatus.FAILED;
import static ai.in10nt.contracts.InstanceStatus.HEALTHY;
import static ai.in10nt.contracts.InstanceStatus.STARTING;
import static ai.in10nt.contracts.InstanceStatus.STOPPED;
import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.InstanceCommand;
import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.provisioner.InstanceSteps.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each step against machines-local: taken, taken twice, cut off in the middle, and refused. */
class InstanceStepsIT {
    private final TestFly fly = new TestFly();

    private static Instance next(Outcome outcome) {
        return ((Outcome.Changed) outcome).next();
    }

    private Instance healthy() {
        return fly.settle(TestFly.created());
    }

    private static Instance decided(Instance instance, InstanceCommand command) {
        return ((Instance.Decision.Accepted) Instance.decide(instance, command, "acme", null, Instant.now())).next();
    }

    private static Instance stopping(Instance instance) {
        return decided(instance, new InstanceCommand.Stop(instance.data().instanceId()));
    }

    private static Instance destroying(Instance instance) {
        return decided(instance, new InstanceCommand.Destroy(instance.data().instanceId()));
    }

    private static Instance restarting(Instance instance) {
        return decided(instance, new InstanceCommand.Restart(instance.data().instanceId()));
    }

    private Instance stopped() {
        return fly.settle(stopping(healthy()));
    }

    private static InstanceStatus status(Instance instance) {
        return instance.data().status();
    }

    @Test
    void a_new_instance_becomes_healthy_with_one_volume_and_one_machine() {
        var instance = healthy();

        assertThat(status(instance)).isEqualTo(HEALTHY);
        assertThat(fly.volumes()).hasSize(1);
        assertThat(fly.machines()).hasSize(1);
        assertThat(fly.machines().getFirst().id()).isEqualTo(instance.machineId());
        assertThat(instance.data().agentUrl()).contains(":3000");
    }

    @Test
    void its_whole_life_leaves_nothing() {
        var instance = healthy();
        instance = fly.settle(restarting(instance));
        assertThat(instance.data().generation()).isEqualTo(2);
        instance = fly.settle(stopping(instance));
        assertThat(status(instance)).isEqualTo(STOPPED);
        instance = fly.settle(destroying(instance));

        assertThat(status(instance)).isEqualTo(DESTROYED);
        assertThat(fly.machines()).isEmpty();
        assertThat(fly.volumes()).isEmpty();
    }

    // Twice: whoever died before the first outcome was written takes the same step again.

    @Test
    void making_the_volume_twice_makes_one() {
        var instance = TestFly.created();

        var first = next(fly.steps.step(instance, Instant.now(), () -> true));
        var second = next(fly.another().step(instance, Instant.now(), () -> true));

        assertThat(second.volumeId()).isEqualTo(first.volumeId());
        assertThat(fly.volumes()).hasSize(1);
    }

    @Test
    void making_the_machine_twice_makes_one() {
        var instance = next(fly.steps.step(TestFly.created(), Instant.now(), () -> true));

        var first = next(fly.steps.step(instance, Instant.now(), () -> true));
        var second = next(fly.another().step(instance, Instant.now(), () -> true));

        assertThat(second.machineId()).isEqualTo(first.machineId());
        assertThat(status(second)).isEqualTo(STARTING);
        assertThat(fly.machines()).hasSize(1);
    }

    @Test
    void booting_a_generation_twice_boots_it_once() {
        var instance = restarting(healthy());

        fly.stepped(fly.steps, instance);
        fly.stepped(fly.another(), instance);
        var settled = fly.settle(instance);

        assertThat(status(settled)).isEqualTo(HEALTHY);
        var updates = fly.eventsOf(String.valueOf(settled.machineId())).findValuesAsText("type").stream()
                .filter("update"::equals)
                .count();
        assertThat(updates).isEqualTo(1);
    }

    @Test
    void stopping_twice_stops_once() {
        var instance = stopping(healthy());

        fly.stepped(fly.steps, instance);
        fly.stepped(fly.another(), instance);
        var settled = fly.settle(instance);

        assertThat(status(settled)).isEqualTo(STOPPED);
        assertThat(fly.machines().getFirst().state()).isEqualTo("stopped");
    }

    @Test
    void destroying_twice_is_destroyed() {
        var instance = destroying(healthy());

        fly.stepped(fly.steps, instance);
        fly.stepped(fly.another(), instance);
        var settled = fly.settle(instance);

        assertThat(status(settled)).isEqualTo(DESTROYED);
        assertThat(status(fly.settle(instance))).as("once more, after all").isEqualTo(DESTROYED);
    }

    @Test
    void looking_twice_at_a_healthy_one_changes_nothing() {
        var instance = healthy();

        assertThat(fly.steps.step(instance, Instant.now(), () -> true)).isInstanceOf(Outcome.Settled.class);
        assertThat(fly.another().step(instance, Instant.now(), () -> true)).isInstanceOf(Outcome.Settled.class);
    }

    // Cut off in the middle: the effect is there, the answer isn't.

    @Test
    void a_volume_whose_answer_was_lost_is_found() {
        fly.loseAnswer("POST", "/volumes$");

        var instance = healthy();

        assertThat(status(instance)).isEqualTo(HEALTHY);
        assertThat(fly.volumes()).hasSize(1);
    }

    @Test
    void a_machine_whose_answer_was_lost_is_found() {
        fly.loseAnswer("POST", "/machines$");

        var instance = healthy();

        assertThat(status(instance)).isEqualTo(HEALTHY);
        assertThat(fly.machines()).hasSize(1);
    }

    /** The list doesn't show it yet, so it is made again, and the name clashes. */
    @Test
    void a_machine_that_the_list_hides_is_adopted_by_its_name() {
        fly.loseAnswer("POST", "/machines$");
        var instance = next(fly.steps.step(TestFly.created(), Instant.now(), () -> true));
        fly.stepped(fly.steps, instance);
        fly.fault(Map.of("kind", "empty_list", "path", "/" + fly.app + "/machines$"));

        var adopted = next(fly.steps.step(instance, Instant.now(), () -> true));

        assertThat(fly.machines()).hasSize(1);
        assertThat(adopted.machineId()).isEqualTo(fly.machines().getFirst().id());
    }

    @ParameterizedTest
    @CsvSource({"POST,/machines/[^/]+$", "POST,/machines/[^/]+/start$"})
    void a_boot_whose_answer_was_lost_goes_on(String method, String path) {
        var instance = path.endsWith("start$") ? stopped() : healthy();
        fly.loseAnswer(method, path);

        var settled = fly.settle(restarting(instance));

        assertThat(status(settled)).isEqualTo(HEALTHY);
        assertThat(fly.machines()).hasSize(1);
    }

    @Test
    void a_stop_whose_answer_was_lost_is_a_stop() {
        var instance = healthy();
        fly.loseAnswer("POST", "/stop$");

        assertThat(status(fly.settle(stopping(instance)))).isEqualTo(STOPPED);
    }

    @ParameterizedTest
    @CsvSource({"/machines/[^/]+$", "/volumes/[^/]+$"})
    void a_destroy_whose_answer_was_lost_is_a_destroy(String path) {
        var instance = healthy();
        fly.loseAnswer("DELETE", path);

        assertThat(status(fly.settle(destroying(instance)))).isEqualTo(DESTROYED);
        assertThat(fly.machines()).isEmpty();
        assertThat(fly.volumes()).isEmpty();
    }

    // Refused.

    @Test
    void regions_without_room_are_walked_and_leave_nothing_behind() {
        fly.fault(Map.of("kind", "capacity", "path", "/" + fly.app + "/machines$", "region", "iad", "times", 0));
        fly.fault(Map.of("kind", "volume_capacity", "path", "/" + fly.app + "/volumes$", "region", "lhr", "times", 0));

        var instance = healthy();

        assertThat(instance.data().region()).isEqualTo("fra");
        assertThat(fly.machines().getFirst().region()).isEqualTo("fra");
        fly.sweep(instance);
        assertThat(fly.volumes()).hasSize(1);
        assertThat(fly.volumes().getFirst().region()).isEqualTo("fra");
    }

    @Test
    void a_volume_that_was_given_up_by_a_step_that_was_cut_off_is_made_anew() {
        var instance = next(fly.steps.step(TestFly.created(), Instant.now(), () -> true));
        fly.client.destroyVolume(fly.app, String.valueOf(instance.volumeId()));

        var settled = fly.settle(instance);

        assertThat(status(settled)).isEqualTo(HEALTHY);
        assertThat(fly.volumes()).hasSize(1);
    }

    @Test
    void room_that_is_nowhere_is_a_failure_at_the_deadline() {
        fly.deadline = Duration.ofMillis(1500);
        fly.fault(Map.of("kind", "capacity", "path", "/" + fly.app + "/machines$", "times", 0));

        var instance = fly.settle(TestFly.created());

        assertThat(status(instance)).isEqualTo(FAILED);
        assertThat(java.util.Objects.requireNonNull(instance.data().error()).code())
                .isEqualTo("no_capacity");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "429 | rate limit exceeded                                      | /machines$",
                "409 | aborted: machine update failed due to concurrent update  | /machines$",
                "503 | upstream service unavailable                             | /volumes$",
                "408 | deadline_exceeded: no answer from the host               | /machines$",
                "401 | Authenticate: token validation error                     | /volumes$"
            })
    void what_passes_is_waited_out(int status, String text, String path) {
        fly.refuse(status, text, path);

        assertThat(status(healthy())).isEqualTo(HEALTHY);
        assertThat(fly.machines()).hasSize(1);
    }

    @Test
    void what_does_not_pass_is_a_failure_that_says_why() {
        fly.fault(Map.of("kind", "quota", "path", "/" + fly.app + "/machines$"));

        var instance = fly.settle(TestFly.created());

        assertThat(status(instance)).isEqualTo(FAILED);
        assertThat(java.util.Objects.requireNonNull(instance.data().error()).detail())
                .contains("reached the limit");
    }

    @Test
    void a_limit_that_says_when_is_heeded() {
        fly.fault(
                Map.of("kind", "rate_limit", "method", "POST", "path", "/" + fly.app + "/volumes$", "retry_after", 3));

        var outcome = fly.steps.step(TestFly.created(), Instant.now(), () -> true);

        assertThat(outcome).isEqualTo(new Outcome.Waiting(Duration.ofSeconds(3)));
        assertThat(((Outcome.Waiting) fly.steps.step(TestFly.created(), Instant.now(), () -> true)).again())
                .as("the others are held too")
                .isGreaterThan(Duration.ofSeconds(2));
    }

    @Test
    void a_machine_that_is_never_ready_fails_at_the_deadline_and_is_stopped() {
        fly.isAgentReady = false;
        fly.deadline = Duration.ofSeconds(1);

        var instance = fly.settle(TestFly.created());

        assertThat(status(instance)).isEqualTo(FAILED);
        assertThat(fly.machines().getFirst().state()).isIn("stopping", "stopped");
    }

    @Test
    void a_slow_image_is_waited_for() {
        fly.fault(Map.of("kind", "slow_image", "path", "/" + fly.app + "/machines$", "seconds", 1));

        assertThat(status(healthy())).isEqualTo(HEALTHY);
    }

    @Test
    void a_machine_of_a_healthy_one_that_went_away_is_booted_as_the_next_generation() {
        var instance = healthy();
        fly.client.stopMachine(
                fly.app, String.valueOf(instance.machineId()), new FlyMachines.StopMachine("SIGTERM", "1s"));

        var settled = fly.settle(instance);

        assertThat(settled.data().generation()).isEqualTo(2);
        assertThat(status(settled)).isEqualTo(HEALTHY);
    }

    @Test
    void a_destroyed_machine_is_replaced_on_the_same_volume() {
        var instance = healthy();
        fly.client.destroyMachine(fly.app, String.valueOf(instance.machineId()), true);

        var settled = fly.settle(instance);

        assertThat(settled.machineId()).isNotEqualTo(instance.machineId());
        assertThat(settled.volumeId()).isEqualTo(instance.volumeId());
        assertThat(status(settled)).isEqualTo(HEALTHY);
    }

    @Test
    void a_strangers_machine_with_our_name_is_left_alone() {
        var instance = next(fly.steps.step(TestFly.created(), Instant.now(), () -> true));
        var stranger = fly.client.createMachine(
                fly.app,
                new FlyMachines.CreateMachine(
                        instance.data().instanceId().value(),
                        "iad",
                        new FlyMachines.MachineConfig(
                                "x",
                                null,
                                null,
                                null,
                                null,
                                null,
                                Map.of(
                                        "in10nt_instance",
                                        instance.data().instanceId().value()),
                                null)));
        fly.deadline = Duration.ofSeconds(1);

        var settled = fly.settle(instance);

        assertThat(status(settled)).isEqualTo(FAILED);
        fly.settle(destroying(settled));
        assertThat(fly.machines()).extracting(FlyMachines.Machine::id).containsExactly(stranger.id());
    }

    @Test
    void ten_at_once_keep_to_flys_limits_and_all_become_healthy() throws InterruptedException {
        fly.fault(Map.of("kind", "enforce_rate_limits", "path", "/" + fly.app + "/", "times", 0));
        var threads = new java.util.ArrayList<Thread>();
        var done = new java.util.concurrent.ConcurrentLinkedQueue<Instance>();
        for (int i = 0; i < 10; i++) {
            threads.add(Thread.ofVirtual().start(() -> done.add(fly.settle(TestFly.created()))));
        }
        for (var thread : threads) {
            thread.join(Duration.ofMinutes(1));
        }

        assertThat(done).hasSize(10).allMatch(instance -> status(instance) == HEALTHY);
    }
}
