package ai.in10nt.contracts;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class TaskDataTest {
    private static TaskData with(String prompt, String response) {
        return new TaskData(
                TaskId.mint(),
                InstanceId.mint(),
                "completed",
                TaskState.COMPLETED,
                prompt,
                null,
                response,
                null,
                0,
                null,
                null,
                null,
                List.of(),
                Instant.EPOCH,
                null,
                null,
                1,
                null);
    }

    @Test
    void short_texts_are_left_alone() {
        var task = with("p", "r");

        assertThat(task.bounded()).isEqualTo(task);
    }

    @Test
    void long_texts_are_cut_between_characters_and_say_so() {
        var bounded = with("p", "日".repeat(100_000)).bounded();

        assertThat(bounded.responseTruncated()).isTrue();
        assertThat(bounded.promptTruncated()).isNull();
        assertThat(String.valueOf(bounded.response()).getBytes(StandardCharsets.UTF_8))
                .hasSizeLessThanOrEqualTo(TaskData.MAX_TEXT_BYTES)
                .hasSizeGreaterThan(TaskData.MAX_TEXT_BYTES - 4);
        assertThat(bounded.response()).matches("日+");
    }
}
