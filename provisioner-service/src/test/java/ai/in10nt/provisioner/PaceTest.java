package ai.in10nt.provisioner;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class PaceTest {
    private final AtomicLong now = new AtomicLong();
    private final Pace pace = new Pace(now::get);

    private void pass(Duration time) {
        now.addAndGet(time.toNanos());
    }

    private void takeAll(String action, String object, int count) {
        for (int i = 0; i < count; i++) {
            pace.take(action, object);
        }
    }

    @Test
    void three_at_once_and_then_one_a_second() {
        takeAll("create machine", "app", 3);
        assertThatThrownBy(() -> pace.take("create machine", "app")).isInstanceOf(Pace.NotYet.class);

        pass(Duration.ofSeconds(1));

        pace.take("create machine", "app");
        assertThatThrownBy(() -> pace.take("create machine", "app")).isInstanceOf(Pace.NotYet.class);
    }

    @Test
    void reading_a_machine_has_five_a_second_and_ten_at_once() {
        takeAll("get machine", "m", 10);
        assertThatThrownBy(() -> pace.take("get machine", "m")).isInstanceOf(Pace.NotYet.class);

        pass(Duration.ofSeconds(1));

        takeAll("get machine", "m", 5);
        assertThatThrownBy(() -> pace.take("get machine", "m")).isInstanceOf(Pace.NotYet.class);
    }

    @Test
    void actions_and_objects_dont_share_turns() {
        takeAll("stop machine", "a", 3);

        assertThatCode(() -> {
                    takeAll("stop machine", "b", 3);
                    takeAll("start machine", "a", 3);
                })
                .doesNotThrowAnyException();
    }

    @Test
    void a_closed_action_opens_when_fly_said() {
        pace.closeFor("create machine", "app", Duration.ofSeconds(5));
        assertThatThrownBy(() -> pace.take("create machine", "app")).isInstanceOf(Pace.NotYet.class);
        pass(Duration.ofMillis(5900));
        assertThatThrownBy(() -> pace.take("create machine", "app")).isInstanceOf(Pace.NotYet.class);

        pass(Duration.ofMillis(200));

        pace.take("create machine", "app");
    }
}
