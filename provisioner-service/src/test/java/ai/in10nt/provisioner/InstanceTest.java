package ai.in10nt.provisioner;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.InstanceCommand;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.provisioner.Instance.Decision;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class InstanceTest {
    private static final InstanceId ID = InstanceId.mint();
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");

    private static InstanceCommand.Create create() {
        return new InstanceCommand.Create(
                ID,
                "a",
                "d",
                "opencode",
                "shared-cpu-1x",
                "iad",
                List.of("KEY"),
                "sealed",
                Map.of(),
                null,
                null,
                null,
                List.of());
    }

    @Test
    void an_instance_with_an_end_is_destroyed_when_it_has_come_whatever_it_does() {
        var create = new InstanceCommand.Create(
                ID, "a", "d", "opencode", "shared-cpu-1x", "iad", List.of(), null, Map.of(), null, 90, null, List.of());
        var mortal = accepted(Instance.decide(null, create, "acme", null, NOW));

        assertThat(mortal.data().ttlMinutes()).isEqualTo(90);
        assertThat(mortal.expired(NOW.plusSeconds(90 * 60 - 1))).isEmpty();
        var over = mortal.expired(NOW.plusSeconds(90 * 60)).orElseThrow();
        assertThat(over.data().status()).isEqualTo(InstanceStatus.DESTROYING);
        assertThat(over.revision()).isEqualTo(mortal.revision() + 1);
        assertThat(over.expired(NOW.plusSeconds(90 * 60 + 1))).isEmpty();
        assertThat(created().expired(NOW.plusSeconds(1_000_000_000))).isEmpty();
    }

    private static Instance created() {
        return accepted(Instance.decide(null, create(), "acme", null, NOW));
    }

    private static Instance accepted(Decision decision) {
        return ((Decision.Accepted) decision).next();
    }

    private static Instance in(InstanceStatus status) {
        var booting = created().withVolume("vol").withMachine("m").booting("http://m", NOW);
        return switch (status) {
            case PROVISIONING -> created();
            case STARTING -> booting;
            case HEALTHY -> booting.healthy("http://m", NOW);
            case UNHEALTHY -> booting.healthy("http://m", NOW).lost(NOW);
            case STOPPING -> accepted(decide(booting, new InstanceCommand.Stop(ID)));
            case STOPPED ->
                accepted(decide(booting, new InstanceCommand.Stop(ID))).stopped(NOW);
            case DESTROYING -> accepted(decide(booting, new InstanceCommand.Destroy(ID)));
            case DESTROYED ->
                accepted(decide(booting, new InstanceCommand.Destroy(ID))).destroyed(NOW);
            case FAILED -> booting.failed(new Failure("boot_timeout", "late"), NOW);
        };
    }

    private static Decision decide(@Nullable Instance current, InstanceCommand command) {
        return Instance.decide(current, command, "acme", null, NOW);
    }

    private static InstanceCommand command(String name) {
        return switch (name) {
            case "start" -> new InstanceCommand.Start(ID);
            case "stop" -> new InstanceCommand.Stop(ID);
            case "restart" -> new InstanceCommand.Restart(ID);
            case "destroy" -> new InstanceCommand.Destroy(ID);
            default -> throw new IllegalArgumentException(name);
        };
    }

    private static String text(Decision decision) {
        return switch (decision) {
            case Decision.Accepted accepted ->
                accepted.event().text().replace("instance.", "") + " -> "
                        + accepted.next().data().status().text();
            case Decision.Unchanged _ -> "unchanged";
            case Decision.Refused refused -> refused.problem().code();
        };
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    PROVISIONING | start   | unchanged
                    STARTING     | start   | unchanged
                    HEALTHY      | start   | unchanged
                    UNHEALTHY    | start   | unchanged
                    STOPPING     | start   | restarting -> starting
                    STOPPED      | start   | restarting -> starting
                    FAILED       | start   | restarting -> starting
                    DESTROYING   | start   | instance_destroyed
                    DESTROYED    | start   | instance_destroyed
                    PROVISIONING | stop    | stopping -> stopping
                    STARTING     | stop    | stopping -> stopping
                    HEALTHY      | stop    | stopping -> stopping
                    UNHEALTHY    | stop    | stopping -> stopping
                    STOPPING     | stop    | unchanged
                    STOPPED      | stop    | unchanged
                    FAILED       | stop    | stopping -> stopping
                    DESTROYING   | stop    | instance_destroyed
                    DESTROYED    | stop    | instance_destroyed
                    PROVISIONING | restart | unchanged
                    STARTING     | restart | restarting -> starting
                    HEALTHY      | restart | restarting -> starting
                    UNHEALTHY    | restart | restarting -> starting
                    STOPPING     | restart | restarting -> starting
                    STOPPED      | restart | restarting -> starting
                    FAILED       | restart | restarting -> starting
                    DESTROYING   | restart | instance_destroyed
                    DESTROYED    | restart | instance_destroyed
                    PROVISIONING | destroy | destroying -> destroying
                    STARTING     | destroy | destroying -> destroying
                    HEALTHY      | destroy | destroying -> destroying
                    UNHEALTHY    | destroy | destroying -> destroying
                    STOPPING     | destroy | destroying -> destroying
                    STOPPED      | destroy | destroying -> destroying
                    FAILED       | destroy | destroying -> destroying
                    DESTROYING   | destroy | unchanged
                    DESTROYED    | destroy | unchanged
                    """)
    void every_status_and_command_has_its_decision(InstanceStatus status, String command, String expected) {
        assertThat(text(decide(in(status), command(command)))).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"start", "stop", "restart", "destroy"})
    void an_unknown_instance_or_another_tenants_is_not_found(String command) {
        assertThat(text(decide(null, command(command)))).isEqualTo("instance_not_found");
        assertThat(text(Instance.decide(in(InstanceStatus.HEALTHY), command(command), "others", null, NOW)))
                .isEqualTo("instance_not_found");
    }

    @Test
    void creating_again_changes_nothing() {
        assertThat(text(decide(created(), create()))).isEqualTo("unchanged");
    }

    @Test
    void a_new_instance_shows_names_but_no_values_and_has_the_memory_its_agent_needs() {
        var data = created().data();

        assertThat(data.env()).containsExactly(Map.entry("KEY", "***"));
        assertThat(data.memoryMb()).isEqualTo(1024);
        assertThat(data.generation()).isEqualTo(1);
    }

    @Test
    void each_boot_is_a_generation_and_each_event_a_revision() {
        var healthy = in(InstanceStatus.HEALTHY);

        var restarted = accepted(decide(healthy, new InstanceCommand.Restart(ID)));
        var lost = healthy.lost(NOW);

        assertThat(restarted.data().generation()).isEqualTo(2);
        assertThat(restarted.revision()).isEqualTo(healthy.revision() + 1);
        assertThat(restarted.data().agentUrl()).isNull();
        assertThat(lost.data().generation()).isEqualTo(2);
        assertThat(healthy.withMachine("other").revision()).isEqualTo(healthy.revision());
    }

    @Test
    void what_is_destroyed_forgets_its_secrets() {
        assertThat(in(InstanceStatus.DESTROYED).sealedEnv()).isNull();
    }
}
