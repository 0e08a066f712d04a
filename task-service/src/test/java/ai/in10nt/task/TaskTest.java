package ai.in10nt.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.in10nt.contracts.AgentRun;
import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.TaskCommand;
import ai.in10nt.contracts.TaskId;
import ai.in10nt.contracts.TaskState;
import ai.in10nt.contracts.Usage;
import ai.in10nt.task.Task.Decision;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class TaskTest {
    private static final Instant NOW = Instant.parse("2026-11-24T12:00:00Z");
    private static final InstanceId INSTANCE = InstanceId.mint();

    private static TaskCommand.Run run() {
        return new TaskCommand.Run(
                TaskId.mint(),
                INSTANCE,
                3,
                "hello",
                new TaskCommand.RunOptions("m", "openrouter", 1000, null, null, true, 0, null, null, null));
    }

    private static InstanceMirror mirror(String status) {
        var mirror = new InstanceMirror();
        mirror.id = INSTANCE.value();
        mirror.tenant = "acme";
        mirror.status = status;
        mirror.nextQueueNumber = 5;
        return mirror;
    }

    private static Decision decide(@Nullable InstanceMirror mirror, String tenant) {
        return Task.decide(run(), mirror, tenant, null, NOW);
    }

    private static Task queued() {
        return ((Decision.Accepted) decide(mirror("healthy"), "acme")).task();
    }

    @ParameterizedTest
    @CsvSource({
        "provisioning, accepted",
        "starting, accepted",
        "healthy, accepted",
        "unhealthy, accepted",
        "stopping, instance_stopped",
        "stopped, instance_stopped",
        "failed, instance_failed",
        "destroying, instance_destroyed",
        "destroyed, instance_destroyed"
    })
    void a_run_is_accepted_by_the_instances_status(String status, String expected) {
        var outcome = switch (decide(mirror(status), "acme")) {
            case Decision.Accepted _ -> "accepted";
            case Decision.Refused refused -> refused.problem().code();
        };

        assertThat(outcome).isEqualTo(expected);
    }

    @Test
    void an_unknown_instance_or_another_tenants_is_not_found() {
        assertThat(((Decision.Refused) decide(null, "acme")).problem().code()).isEqualTo("instance_not_found");
        assertThat(((Decision.Refused) decide(mirror("healthy"), "others"))
                        .problem()
                        .code())
                .isEqualTo("instance_not_found");
    }

    @Test
    void a_task_is_queued_then_runs_then_ends_with_what_the_agent_said() {
        var report = new AgentRun.Report(
                TaskState.COMPLETED, "done", new Usage(10, 8, 2, 1, 0.1), List.of("bash"), "msg_1", 1, 900L, null);

        var running = queued().running(2, NOW);
        var ended = running.ended(report, NOW);

        assertThat(queued().queueNumber()).isEqualTo(5);
        assertThat(running.generation()).isEqualTo(2);
        assertThat(running.data().attempts()).isEqualTo(1);
        assertThat(ended.revision()).isEqualTo(3);
        assertThat(ended.data().status()).isEqualTo("completed");
        assertThat(ended.data().tokensUsed()).isEqualTo(10);
        assertThat(ended.data().durationMs()).isEqualTo(900);
    }

    @ParameterizedTest
    @EnumSource(
            value = TaskState.class,
            names = {"COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"})
    void nothing_leads_away_from_an_end(TaskState end) {
        var over = queued().running(1, NOW).ended(end, new Failure("x", "x"), NOW);

        assertThat(over.isOver()).isTrue();
        assertThatThrownBy(() -> over.ended(TaskState.FAILED, new Failure("y", "y"), NOW))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_later_boot_changes_nothing_that_the_world_sees() {
        var running = queued().running(1, NOW);

        assertThat(running.onGeneration(2).revision()).isEqualTo(running.revision());
        assertThat(running.onGeneration(2).data()).isEqualTo(running.data());
    }
}
