package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Fly's leases: fly-machines.md 1.3, 1.4, 2.2, 8.3. */
@ParameterizedClass
@MethodSource("ai.in10nt.machines.FlyTarget#targets")
class FlyLeasesContract {
    private static final String NONCE = "fly-machine-lease-nonce";

    private final FlyTarget at;
    private final FlyClient fly;

    FlyLeasesContract(FlyTarget at) {
        this.at = at;
        this.fly = at.fly();
    }

    private String lease(String id, int ttl) {
        return fly.post(at.machine(id) + "/lease", Map.of("ttl", ttl, "description", "a contract"))
                .is(201)
                .body()
                .path("data")
                .path("nonce")
                .asText();
    }

    @Test
    void a_lease_comes_in_an_envelope_and_is_shown_to_its_holder() {
        var id = at.resting();
        fly.get(at.machine(id) + "/lease").is(404);

        var acquired = fly.post(at.machine(id) + "/lease", Map.of("ttl", 30, "description", "a contract"))
                .is(201);

        assertThat(acquired.text("status")).isEqualTo("success");
        FlyClient.validate("Lease", acquired.body().path("data"));
        var shown = fly.get(at.machine(id) + "/lease").is(200);
        assertThat(shown.body().path("data").path("description").asText()).isEqualTo("a contract");
        fly.delete(
                        at.machine(id) + "/lease",
                        NONCE,
                        acquired.body().path("data").path("nonce").asText())
                .is(200);
        at.destroy(id);
    }

    @Test
    void its_time_may_stand_in_the_query_and_has_bounds() {
        var id = at.resting();

        var acquired = fly.post(at.machine(id) + "/lease?ttl=7", (String) null).is(201);

        long left = acquired.body().path("data").path("expires_at").asLong() - System.currentTimeMillis() / 1000;
        assertThat(left).isBetween(1L, 8L);
        assertThat(fly.post(at.machine(id) + "/lease?ttl=none", (String) null).status())
                .isIn(400, 409);
        fly.delete(
                at.machine(id) + "/lease",
                NONCE,
                acquired.body().path("data").path("nonce").asText());
        at.destroy(id);
    }

    @Test
    void without_its_nonce_a_leased_machine_is_not_changed() {
        var id = at.resting();
        var nonce = lease(id, 60);
        var held = "machine ID " + id + " lease currently held by";

        fly.post(at.machine(id) + "/start", (String) null).refuses(409, held, "expires at");
        fly.post(at.machine(id), Map.of("config", at.config(), "skip_launch", true))
                .refuses(409, held);
        fly.post(at.machine(id) + "/start", (String) null, NONCE, "0123456789ab")
                .refuses(409, held);
        var second = fly.post(at.machine(id) + "/lease", Map.of("ttl", 5)).is(409);
        assertThat(second.text("status")).isEqualTo("error");
        assertThat(second.text("message")).contains(held);

        assertThat(fly.get(at.machine(id)).text("state")).isEqualTo("stopped");
        fly.post(at.machine(id) + "/start", (String) null, NONCE, nonce).is(200);
        fly.delete(at.machine(id) + "?force=true", NONCE, nonce).is(200);
    }

    /** Fly was seen to hold stop and destroy until the lease ends, and said to refuse them: the local one refuses. */
    @Test
    void stop_suspend_restart_cordon_and_destroy_are_refused_too() {
        assumeThat(at.isLocal()).as("sources disagree about Fly").isTrue();
        var id = at.started();
        var nonce = lease(id, 60);

        for (var verb : new String[] {"stop", "suspend", "restart", "cordon"}) {
            fly.post(at.machine(id) + "/" + verb, (String) null).refuses(409, "lease currently held");
        }
        fly.delete(at.machine(id) + "?force=true").refuses(409, "lease currently held");
        fly.delete(at.machine(id) + "?force=true", NONCE, nonce).is(200);
    }

    @Test
    void metadata_and_exec_are_not_guarded() {
        var id = at.started();
        var nonce = lease(id, 60);

        fly.post(at.machine(id) + "/metadata/color", Map.of("value", "green")).is(204);
        fly.post(at.machine(id) + "/exec", Map.of("command", new String[] {"true"}))
                .is(200);
        fly.delete(at.machine(id) + "?force=true", NONCE, nonce).is(200);
    }

    @Test
    void with_its_nonce_it_lasts_longer_and_stays_the_same() {
        var id = at.resting();
        var nonce = lease(id, 10);

        var longer = fly.post(at.machine(id) + "/lease", Map.of("ttl", 300), NONCE, nonce)
                .is(201);

        assertThat(longer.body().path("data").path("nonce").asText()).isEqualTo(nonce);
        assertThat(longer.body().path("data").path("expires_at").asLong())
                .isGreaterThan(System.currentTimeMillis() / 1000 + 200);
        fly.delete(at.machine(id) + "?force=true", NONCE, nonce).is(200);
    }

    @Test
    void a_release_needs_the_nonce() {
        var id = at.resting();
        var nonce = lease(id, 60);

        fly.delete(at.machine(id) + "/lease").is(400);
        fly.delete(at.machine(id) + "/lease", NONCE, nonce).is(200);
        assertThat(fly.delete(at.machine(id) + "/lease", NONCE, nonce).status()).isIn(404, 400);
        fly.post(at.machine(id) + "/start", (String) null).is(200);
        at.destroy(id);
    }

    @Test
    void a_lease_ends_by_itself() {
        var id = at.resting();
        lease(id, 1);

        await().atMost(Duration.ofSeconds(10))
                .untilAsserted(() -> fly.get(at.machine(id) + "/lease").is(404));

        fly.post(at.machine(id) + "/start", (String) null).is(200);
        at.destroy(id);
    }

    @Test
    void a_machine_may_be_born_leased_and_an_update_keeps_it() {
        var created = at.create(at.config(), Map.of("skip_launch", true, "lease_ttl", 60))
                .is(200);
        var id = created.text("id");
        var nonce = created.text("nonce");
        assertThat(nonce).isNotEmpty();
        at.await(id, "stopped");

        fly.post(at.machine(id), Map.of("config", at.config(), "skip_launch", true), NONCE, nonce)
                .is(200);

        at.await(id, "stopped");
        fly.post(at.machine(id) + "/start", (String) null).refuses(409, "lease currently held");
        var listed = fly.get(at.machine(id) + "?include_leases=true").is(200);
        assertThat(listed.body().path("lease").path("expires_at").isNumber()).isTrue();
        assertThat(fly.get(at.machine(id)).body().has("nonce")).isFalse();
        fly.delete(at.machine(id) + "?force=true", NONCE, nonce).is(200);
    }
}
