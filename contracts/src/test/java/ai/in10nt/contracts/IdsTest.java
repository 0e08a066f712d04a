package ai.in10nt.contracts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class IdsTest {
    @Test
    void ids_have_their_prefix_and_26_characters() {
        assertThat(InstanceId.mint().value()).matches("inst_[0-9a-z]{26}");
        assertThat(TaskId.mint().value()).matches("task_[0-9a-z]{26}");
    }

    @Test
    void ids_sort_by_the_time_they_were_made() {
        var random = new Random(1);
        var ids = Stream.of(1_000L, 2_000L, 1_800_000_000_000L, 1_800_000_000_001L)
                .map(millis -> Ids.mint("x_", millis, random))
                .toList();

        assertThat(ids).isSorted();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "inst_",
                "inst_0123456789012345678901234",
                "inst_012345678901234567890123456",
                "inst_0123456789012345678901234A",
                "task_01234567890123456789012345",
                "inst_0123456789012345678901234/"
            })
    void what_isnt_an_id_is_refused(String text) {
        assertThat(InstanceId.isValid(text)).isFalse();
        assertThatThrownBy(() -> new InstanceId(text)).isInstanceOf(IllegalArgumentException.class);
    }
}
