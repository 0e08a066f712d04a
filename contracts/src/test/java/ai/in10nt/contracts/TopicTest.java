package ai.in10nt.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import org.apache.kafka.clients.producer.internals.BuiltInPartitioner;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

class TopicTest {
    @RepeatedTest(50)
    void partitions_are_those_of_kafkas_own_partitioner() {
        var id = InstanceId.mint();

        assertThat(Topic.partitionOf(id))
                .isEqualTo(BuiltInPartitioner.partitionForKey(
                        id.value().getBytes(StandardCharsets.UTF_8), Topic.PARTITIONS));
    }

    @Test
    void events_are_compacted_only_after_a_week() {
        assertThat(Topic.TASK_EVENTS.config())
                .containsEntry("cleanup.policy", "compact")
                .containsEntry("min.compaction.lag.ms", "604800000");
        assertThat(Topic.TASK_COMMANDS.config()).doesNotContainKey("cleanup.policy");
    }
}
