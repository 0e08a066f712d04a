package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.UncheckedIOException;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Fly's troubles as fly-machines.md 8.1 tells them, called up by {@code /_faults}: only machines-local can have them on demand.
 * Each fault of a test is bound to a region or machine of its own, so that no other test meets it.
 */
@ParameterizedClass
@MethodSource("ai.in10nt.machines.FlyTarget#local")
class FlyErrorsContract {
    private final FlyTarget at;
    private final FlyClient fly;

    FlyErrorsContract(FlyTarget at) {
        this.at = at;
        this.fly = at.fly();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "capacity          | 422 | insufficient_capacity     | could not find a candidate host",
                "host_full         | 409 |                           | insufficient CPUs available to fulfill request",
                "volume_host_full  | 412 | volume_placement_capacity | insufficient resources to create new machine with existing volume",
                "quota             | 422 |                           | reached the limit",
            })
    void a_create_may_be_refused(String kind, int status, String code, String text) {
        at.fault(Map.of("kind", kind, "region", "bom", "path", "/machines$"));

        var refused = at.create(at.config(), Map.of("skip_launch", true, "region", "bom"))
                .refuses(status, text);

        assertThat(refused.text("status")).isEqualTo(code == null ? "" : code);
        at.destroy(at.create(at.config(), Map.of("skip_launch", true, "region", "bom"))
                .is(200)
                .text("id"));
    }

    @Test
    void a_region_may_have_no_room_for_volumes() {
        at.fault(Map.of("kind", "volume_capacity", "region", "gru"));

        fly.post(at.volumes(), Map.of("name", "x", "region", "gru", "size_gb", 1))
                .refuses(409, "no capacity");
    }

    @Test
    void other_refusals_are_told_word_by_word() {
        var id = at.resting();
        at.fault(Map.of("kind", "concurrent_update", "path", id + "$"));
        fly.post(at.machine(id), Map.of("config", at.config(), "skip_launch", true))
                .refuses(409, "aborted: machine update failed due to concurrent update");
        at.fault(Map.of("kind", "not_now", "path", id + "/start$"));
        fly.post(at.machine(id) + "/start", (String) null)
                .refuses(412, "failed_precondition: machine getting replaced, refusing to start");
        at.fault(Map.of(
                "kind",
                "error",
                "path",
                id + "/start$",
                "status",
                409,
                "error",
                "deploys to this host are temporarily disabled"));
        fly.post(at.machine(id) + "/start", (String) null).refuses(409, "deploys to this host");
        at.fault(Map.of("kind", "unavailable", "path", id + "$"));
        fly.get(at.machine(id)).refuses(503);
        fly.get(at.machine(id)).is(200);
        at.destroy(id);
    }

    @Test
    void a_rate_limit_may_say_when_to_come_back() {
        var id = at.resting();
        at.fault(Map.of("kind", "rate_limit", "path", id + "$", "retry_after", 2));
        assertThat(fly.get(at.machine(id)).refuses(429).header("Retry-After")).isEqualTo("2");
        at.fault(Map.of("kind", "rate_limit", "path", id + "$"));
        assertThat(fly.get(at.machine(id)).refuses(429).header("Retry-After")).isEmpty();
        at.destroy(id);
    }

    @Test
    void an_answer_may_be_lost_after_the_effect() {
        var name = FlyTarget.unique();
        at.fault(Map.of("kind", "lost_answer", "path", at.machines() + "$"));
        var request = Map.<String, Object>of("name", name, "skip_launch", true, "region", "jnb");

        assertThatThrownBy(() -> at.create(at.config(), request)).isInstanceOf(UncheckedIOException.class);

        var id = at.create(at.config(), request)
                .refuses(409, "already_exists: unique machine name violation, machine ID ")
                .text("error")
                .replaceFirst(".*machine ID ([0-9a-f]{14}).*", "$1");
        at.destroy(id);
    }

    @Test
    void an_image_may_be_slow_and_a_program_never_ready() {
        at.fault(Map.of("kind", "slow_image", "region", "nrt", "seconds", 1));
        at.fault(Map.of("kind", "never_ready", "region", "nrt"));
        var id = at.create(at.config("echo ready >/data/ready; sleep 60"), Map.of("region", "nrt"))
                .is(200)
                .text("id");

        assertThat(fly.get(at.machine(id)).text("state")).isEqualTo("created");
        at.await(id, "started");

        assertThat(fly.get(at.machine(id) + "/ps").is(200).text()).contains("sleep infinity");
        at.destroy(id);
    }

    @Test
    void a_dead_host_keeps_the_last_state_and_hides_the_configuration() {
        var id = at.started();
        var fault = fly.post("/_faults", Map.of("kind", "dead_host", "machine", id))
                .is(201)
                .text("id");

        var seen = fly.get(at.machine(id)).is(200).as("Machine");
        assertThat(seen.text("host_status")).isEqualTo("unreachable");
        assertThat(seen.text("state")).isEqualTo("started");
        assertThat(seen.body().has("config")).isFalse();
        assertThat(seen.body()
                        .path("incomplete_config")
                        .path("metadata")
                        .path("contract")
                        .asText())
                .isEqualTo("yes");
        fly.post(at.machine(id) + "/stop", (String) null).refuses(408, "deadline_exceeded");
        fly.delete(at.machine(id) + "?force=true").is(200);
        assertThat(fly.get(at.machine(id)).text("state")).isEqualTo("destroying");

        fly.delete("/_faults/" + fault).is(204);
        at.await(id, "destroyed");
    }

    @Test
    void a_list_may_be_empty_by_mistake() {
        var id = at.resting();
        at.fault(Map.of("kind", "empty_list", "path", at.machines() + "$"));

        // Another test may list meanwhile: one of two lists is empty, the machine is there all the same.
        fly.get(at.machines()).is(200);

        fly.get(at.machine(id)).is(200);
        at.destroy(id);
    }

    @Test
    void a_machine_born_without_a_place_is_nowhere() {
        var name = FlyTarget.unique();
        at.fault(Map.of("kind", "capacity", "region", "arn"));

        at.create(at.config(), Map.of("name", name, "region", "arn")).refuses(422);

        assertThat(fly.get(at.machines()).body().findValuesAsText("name")).doesNotContain(name);
    }

    @Test
    void faults_are_checked_listed_and_taken_back() {
        fly.post("/_faults", Map.of("kind", "nonsense")).refuses(400, "kind must be one of", "lost_answer");
        fly.post("/_faults", Map.of("kind", "dead_host")).refuses(400, "machine");
        fly.post("/_faults", Map.of("kind", "error", "path", "(")).refuses(400, "regular expression");
        var id = fly.post("/_faults", Map.of("kind", "capacity", "region", "yyz", "times", 0))
                .text("id");
        assertThat(fly.get("/_faults").is(200).text()).contains(id);

        at.create(at.config(), Map.of("region", "yyz", "skip_launch", true)).refuses(422);
        at.create(at.config(), Map.of("region", "yyz", "skip_launch", true)).refuses(422);
        fly.delete("/_faults/" + id).is(204);

        at.destroy(at.create(at.config(), Map.of("region", "yyz", "skip_launch", true))
                .is(200)
                .text("id"));
        fly.delete("/_faults/" + id).is(404);
    }
}
