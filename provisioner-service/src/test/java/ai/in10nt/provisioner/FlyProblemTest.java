package ai.in10nt.provisioner;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FlyProblemTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    404 | '' | machine not found                                                                | GONE
                    409 | '' | already_exists: unique machine name violation, machine ID 1 already exists        | ADOPT
                    409 | '' | machine ID 1 lease currently held by x, expires at y                              | AGAIN
                    409 | '' | insufficient memory available to fulfill request                                  | NO_CAPACITY
                    409 | '' | aborted: no capacity                                                              | NO_CAPACITY
                    400 | '' | no capacity                                                                       | NO_CAPACITY
                    400 | '' | invalid_argument: x                                                               | GIVE_UP
                    401 | '' | Authenticate: token validation error                                              | GIVE_UP
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
