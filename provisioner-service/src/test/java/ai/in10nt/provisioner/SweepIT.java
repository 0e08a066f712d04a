package ai.in10nt.provisioner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.in10nt.provisioner.FlyMachines.Machine;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What belongs to nothing goes, what isn't provably ours stays. */
class SweepIT {
    private final TestFly fly = new TestFly();
    private final Sweep sweep = new Sweep(fly.driver);

    private int sweepOnce(Map<String, Sweep.Owned> rows) {
        return sweep.destroyOrphans(fly.driver.machines(), fly.driver.volumes(), rows);
    }

    private static String id(Instance instance) {
        return instance.data().instanceId().value();
    }

    private static Sweep.Owned owned(Instance instance) {
        return new Sweep.Owned(false, instance.machineId(), instance.volumeId());
    }

    @Test
    void what_has_its_row_stays() {
        var instance = fly.settle(TestFly.created());
        var rows = Map.of(id(instance), owned(instance));

        assertThat(sweepOnce(rows) + sweepOnce(rows)).isZero();

        assertThat(fly.machines()).hasSize(1);
        assertThat(sweep.claimed(fly.driver.machines(), fly.driver.volumes())).containsExactly(id(instance));
    }

    @Test
    void a_row_that_has_no_machine_yet_may_own_whichever_there_is() {
        var instance = fly.settle(TestFly.created());
        var rows = Map.of(id(instance), new Sweep.Owned(false, null, null));

        assertThat(sweepOnce(rows) + sweepOnce(rows)).isZero();
    }

    @Test
    void what_a_destroyed_instance_left_goes_at_the_second_look() {
        var instance = fly.settle(TestFly.created());
        var rows = Map.of(id(instance), new Sweep.Owned(true, null, null));

        assertThat(sweepOnce(rows)).isZero();
        assertThat(sweepOnce(rows)).isEqualTo(1);

        await().atMost(Duration.ofSeconds(20)).untilAsserted(() -> {
            sweepOnce(rows);
            assertThat(fly.machines()).isEmpty();
            assertThat(fly.volumes()).isEmpty();
        });
    }

    @Test
    void of_two_machines_the_rows_own_stays() {
        var instance = fly.settle(TestFly.created());
        var twin = fly.client.createMachine(
                fly.app,
                new FlyMachines.CreateMachine(
                        "twin",
                        "iad",
                        new FlyMachines.MachineConfig(
                                "x",
                                null,
                                null,
                                null,
                                null,
                                null,
                                fly.machines().getFirst().metadata(),
                                null)));
        var rows = Map.of(id(instance), owned(instance));

        sweepOnce(rows);
        assertThat(sweepOnce(rows)).isEqualTo(1);

        await().atMost(Duration.ofSeconds(5))
                .until(() -> fly.machines().stream()
                        .map(Machine::id)
                        .toList()
                        .equals(List.of(String.valueOf(instance.machineId()))));
        assertThat(fly.client.machine(fly.app, twin.id()).state()).isIn("destroying", "destroyed");
    }

    @Test
    void a_strangers_machine_and_volume_stay() {
        fly.client.createMachine(
                fly.app,
                new FlyMachines.CreateMachine(
                        "stranger",
                        "iad",
                        new FlyMachines.MachineConfig(
                                "x",
                                null,
                                null,
                                null,
                                null,
                                null,
                                Map.of("in10nt_installation", "0123456789abcdef", "in10nt_instance", "inst_x"),
                                null)));
        fly.client.createVolume(fly.app, new FlyMachines.CreateVolume("ws_" + "0".repeat(26), "iad", 1, null));

        assertThat(sweepOnce(Map.of()) + sweepOnce(Map.of()) + sweepOnce(Map.of()))
                .isZero();

        assertThat(fly.machines()).hasSize(1);
        assertThat(fly.volumes()).hasSize(1);
    }
}
