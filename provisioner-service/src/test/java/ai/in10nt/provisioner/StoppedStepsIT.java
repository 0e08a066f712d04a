package ai.in10nt.provisioner;

import static ai.in10nt.contracts.InstanceStatus.HEALTHY;
import static ai.in10nt.contracts.InstanceStatus.STOPPED;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.in10nt.contracts.InstanceCommand;
import ai.in10nt.provisioner.InstanceSteps.Outcome;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What is stopped has no running machine, however it came to be stopped. */
class StoppedStepsIT {
    private final TestFly fly = new TestFly();

    private static Instance stopping(Instance instance) {
        var stop = new InstanceCommand.Stop(instance.data().instanceId());
        return ((Instance.Decision.Accepted) Instance.decide(instance, stop, "acme", null, Instant.now())).next();
    }

    private static Instance next(Outcome outcome) {
        return ((Outcome.Changed) outcome).next();
    }

    private void isStopped() {
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(
                        () -> assertThat(fly.machines().getFirst().state()).isEqualTo("stopped"));
    }

    @Test
    void a_stop_that_came_while_the_machine_was_made_finds_it() {
        var withVolume = next(fly.steps.step(TestFly.created(), Instant.now(), () -> true));
        // Made, but the row that names it was never written, because the stop was decided meanwhile.
        var made = next(fly.steps.step(withVolume, Instant.now(), () -> true));
        assertThat(made.machineId()).isNotNull();

        var settled = fly.settle(stopping(withVolume));

        assertThat(settled.data().status()).isEqualTo(STOPPED);
        isStopped();
    }

    @Test
    void a_machine_that_runs_under_a_stopped_instance_is_stopped() {
        var instance = fly.settle(stopping(fly.settle(TestFly.created())));
        fly.client.startMachine(fly.app, String.valueOf(instance.machineId()));
        await().atMost(Duration.ofSeconds(20))
                .untilAsserted(
                        () -> assertThat(fly.machines().getFirst().state()).isEqualTo("started"));

        assertThat(fly.settle(instance).data().status()).isEqualTo(STOPPED);

        isStopped();
    }

    @Test
    void an_owner_that_was_paused_stops_nothing_that_was_started_since() {
        var instance = fly.settle(TestFly.created());

        var outcome = fly.steps.step(stopping(instance), Instant.now(), () -> false);

        assertThat(outcome).isInstanceOf(Outcome.Waiting.class);
        assertThat(fly.machines().getFirst().state()).isEqualTo("started");
    }

    @Test
    void a_stop_in_the_middle_of_the_walk_through_regions_leaves_a_volume_to_start_with() {
        fly.fault(Map.of("kind", "capacity", "path", "/" + fly.app + "/machines$", "region", "iad", "times", 1));
        var withVolume = next(fly.steps.step(TestFly.created(), Instant.now(), () -> true));
        // No room: what the step came to is void, because the stop was decided meanwhile.
        assertThat(next(fly.steps.step(withVolume, Instant.now(), () -> true)).volumeId())
                .isNull();

        var stopped = fly.settle(stopping(withVolume));
        var start = new InstanceCommand.Start(stopped.data().instanceId());
        var started =
                ((Instance.Decision.Accepted) Instance.decide(stopped, start, "acme", null, Instant.now())).next();

        assertThat(fly.settle(started).data().status()).isEqualTo(HEALTHY);
    }
}
