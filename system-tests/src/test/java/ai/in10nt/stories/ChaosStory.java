package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.chaos.Chaos;
import java.time.Duration;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.parallel.Isolated;

/** A short one of {@code ./dev chaos}, always the same. */
@Isolated
@Order(Integer.MAX_VALUE)
@ExtendWith(SharedStack.OfTwo.class)
class ChaosStory {
    @Test
    void whatever_dies_each_accepted_command_has_one_outcome(TestStack stack) throws InterruptedException {
        var report = Chaos.run(stack.installation(), 7, Duration.ofSeconds(20));

        System.out.println(report.figures());
        assertThat(report.violations()).as(report::toString).isEmpty();
    }
}
