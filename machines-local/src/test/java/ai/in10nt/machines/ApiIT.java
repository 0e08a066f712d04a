package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Fly's words and refusals, as far as the provisioner needs them. */
class ApiIT {
    private static final String CONFIG =
            "\"config\":{\"image\":\"local\",\"guest\":{\"cpus\":1,\"memory_mb\":256},\"metadata\":{\"k\":\"v\"},"
                    + "\"somethingNew\":{\"a\":1}}";

    @SuppressWarnings("NullAway.Init")
    private static LocalFly fly;

    @BeforeAll
    static void start() throws IOException {
        fly = new LocalFly(null);
        fly.post("/v1/apps", "{\"app_name\":\"test\",\"org_slug\":\"personal\"}");
    }

    @AfterAll
    static void stop() throws IOException {
        fly.close();
    }

    private static String created(String name) {
        return fly.post("/v1/apps/test/machines", "{\"name\":\"" + name + "\",\"skip_launch\":true," + CONFIG + "}")
                .text("id");
    }

    @Test
    void a_token_is_needed() {
        var answer = fly.call("GET", "/v1/apps/test/machines", null, "wrong");

        assertThat(answer.status()).isEqualTo(401);
        assertThat(answer.text("error")).isEqualTo("Authenticate: token validation error");
    }

    @Test
    void apps_have_one_owner_and_a_shape_of_name() {
        assertThat(fly.post("/v1/apps", "{\"name\":\"test\",\"org_slug\":\"personal\"}")
                        .text("status"))
                .isEqualTo("name_taken");
        assertThat(fly.post("/v1/apps", "{\"name\":\"Big\",\"org_slug\":\"personal\"}")
                        .status())
                .isEqualTo(422);
        assertThat(fly.post("/v1/apps", "{\"name\":\"x\"}").status()).isEqualTo(400);
        assertThat(fly.get("/v1/apps/nope").status()).isEqualTo(404);
    }

    @Test
    void a_taken_name_names_the_machine_that_has_it() {
        var id = created("taken");

        var clash = fly.post("/v1/apps/test/machines", "{\"name\":\"taken\",\"skip_launch\":true," + CONFIG + "}");

        assertThat(clash.status()).isEqualTo(409);
        assertThat(clash.text("error"))
                .isEqualTo("already_exists: unique machine name violation, machine ID " + id
                        + " already exists with name \"taken\"");
    }

    @Test
    void created_refuses_start_and_echoes_what_it_doesnt_know() {
        var id = created("resting");

        var start = fly.post("/v1/apps/test/machines/" + id + "/start", null);

        assertThat(start.status()).isEqualTo(412);
        assertThat(start.text("error"))
                .isEqualTo("failed_precondition: unable to start machine from current state: 'created'");
        assertThat(fly.get("/v1/apps/test/machines/" + id).body().path("config").has("somethingNew"))
                .isTrue();
    }

    @Test
    void waiting_has_bounds_and_says_where_it_stands() {
        var id = created("waiting");
        var path = "/v1/apps/test/machines/" + id + "/wait";

        assertThat(fly.get(path + "?state=started&timeout=61").status()).isEqualTo(400);
        assertThat(fly.get(path + "?state=created&timeout=1").status()).isEqualTo(200);
        var late = fly.get(path + "?state=started&timeout=1");
        assertThat(late.status()).isEqualTo(408);
        assertThat(late.text("error"))
                .isEqualTo("deadline_exceeded: machine failed to reach desired state, started, currently created");
    }

    @Test
    void lists_are_filtered_by_metadata_and_leave_the_destroyed_out() {
        var id = created("listed");
        fly.post("/v1/apps/test/machines/" + id + "/metadata/color", "{\"value\":\"green\"}");
        assertThat(fly.get("/v1/apps/test/machines?metadata.color=green").body())
                .hasSize(1);
        assertThat(fly.get("/v1/apps/test/machines?metadata.color=red").body()).isEmpty();

        fly.delete("/v1/apps/test/machines/" + id);
        fly.get("/v1/apps/test/machines/" + id + "/wait?state=destroyed&timeout=10");

        assertThat(fly.get("/v1/apps/test/machines?metadata.color=green").body())
                .isEmpty();
        assertThat(fly.get("/v1/apps/test/machines/" + id).text("state")).isEqualTo("destroyed");
        assertThat(fly.get("/v1/apps/test/machines/00000000000000").status()).isEqualTo(404);
    }

    @Test
    void an_update_makes_a_version_and_refuses_a_lost_one() {
        var id = created("updated");
        var before = fly.get("/v1/apps/test/machines/" + id).text("instance_id");

        var updated = fly.post(
                "/v1/apps/test/machines/" + id,
                "{\"skip_launch\":true,\"current_version\":\"" + before + "\"," + CONFIG + "}");
        var lost = fly.post(
                "/v1/apps/test/machines/" + id,
                "{\"skip_launch\":true,\"current_version\":\"" + before + "\"," + CONFIG + "}");

        assertThat(updated.text("instance_id")).isNotEqualTo(before);
        assertThat(lost.status()).isEqualTo(409);
    }

    @Test
    void bad_requests_say_what_is_wrong() {
        assertThat(fly.post("/v1/apps/test/machines", "{").text("error")).startsWith("invalid_argument");
        assertThat(fly.post("/v1/apps/test/machines", "{}").text("error")).contains("config is required");
        assertThat(fly.post("/v1/apps/test/machines", "{\"region\":\"mars\"," + CONFIG + "}")
                        .text("error"))
                .contains("region mars not found");
        assertThat(fly.post("/v1/apps/test/volumes", "{\"name\":\"Big Name\"}").status())
                .isEqualTo(400);
    }
}
