package ai.in10nt.provisioner;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlyProblemTest {
    @Test
    void a_clash_names_the_machine_that_has_the_name() {
        var clash = new FlyProblem(
                409,
                "",
                "already_exists: unique machine name violation, machine ID 0123456789abcd already exists with name \"x\"");

        assertThat(clash.clashingMachine()).contains("0123456789abcd");
        assertThat(new FlyProblem(409, "", "aborted: no capacity").clashingMachine())
                .isEmpty();
    }

    @Test
    void only_seconds_are_a_time_to_stay_away() {
        assertThat(FlyProblem.retryAfter("7")).isEqualTo(Duration.ofSeconds(7));
        assertThat(FlyProblem.retryAfter("Tue, 24 Nov 2026 12:00:00 GMT")).isNull();
        assertThat(FlyProblem.retryAfter(null)).isNull();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    404 | '' | machine not found                                                                | GONE
                    409 | '' | already_exists: unique machine name violation, machine ID 1 already exists        | ADOPT
                    409 | '' | machine ID 1 lease currently held by x, expires at y                              | AGAIN
                    409 | '' | insufficient memory available to fulfill request                                  | NO_CAPACITY
                    409 | '' | aborted: no capacity                                                              | NO_CAPACITY
                    400 | '' | no capacity                                                                       | NO_CAPACITY
                    400 | '' | invalid_argument: x                                                               | GIVE_UP
                    401 | '' | Authenticate: token validation error                                              | AGAIN
                    403 | '' | over the allowed quota                                                            | GIVE_UP
                    408 | '' | deadline_exceeded                                                                 | AGAIN
                    412 | '' | failed_precondition: unable to start machine from current state: 'created'        | AGAIN
                    412 | volume_placement_capacity | insufficient resources                                     | NO_CAPACITY
                    422 | insufficient_capacity | could not find a candidate host                                | NO_CAPACITY
                    422 | '' | validation failed                                                                 | GIVE_UP
                    429 | '' | rate limit                                                                        | AGAIN
                    500 | '' | internal                                                                          | AGAIN
                    503 | '' | unavailable                                                                       | AGAIN
                    """)
    void each_refusal_says_what_to_do_next(int status, String code, String text, FlyProblem.Next next) {
        assertThat(new FlyProblem(status, code, text).next()).isEqualTo(next);
    }
}
