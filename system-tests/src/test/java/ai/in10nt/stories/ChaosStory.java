package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.chaos.Chaos;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.parallel.Isolated;

/** A short one of {@code ./dev chaos}, always the same. */
@Isolated
class ChaosStory {
    @Test
    void whatever_dies_each_accepted_command_has_one_outcome() throws InterruptedException {
        try (var stack = TestStack.start(2)) {
            var report = Chaos.run(stack.installation(), 7, Duration.ofSeconds(40));

            System.out.println(report.figures());
            assertThat(report.violations()).as(report::toString).isEmpty();
        }
    }
}
