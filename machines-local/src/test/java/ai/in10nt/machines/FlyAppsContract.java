package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/** Fly's transport, tokens, apps, organisations and platform: fly-machines.md 1.2 to 1.5, 2.1, 2.4. */
@ParameterizedClass
@MethodSource("ai.in10nt.machines.FlyTarget#targets")
class FlyAppsContract {
    private final FlyTarget at;
    private final FlyClient fly;

    FlyAppsContract(FlyTarget at) {
        this.at = at;
        this.fly = at.fly();
    }

    private String app() {
        var name = FlyTarget.unique();
        fly.post("/v1/apps", Map.of("name", name, "org_slug", at.org())).is(201);
        return name;
    }

    @Test
    void a_bad_token_is_401_in_both_schemes() {
        fly.send("GET", at.machines(), null, "Bearer wrong").refuses(401, "token validation error");
        fly.send("GET", at.machines(), null, "FlyV1 wrong").refuses(401);
        fly.send("GET", "/v1/tokens/current", null, "Bearer wrong").is(401);
    }

    @Test
    void answers_carry_a_request_id_and_say_what_they_are() {
        var answer = fly.get(at.machines());

        assertThat(answer.header("fly-request-id")).isNotEmpty();
        assertThat(answer.header("Content-Type")).startsWith("application/json");
    }

    @Test
    void the_routers_404_is_plain_text() {
        assertThat(fly.get("/v1/nothing/here").is(404).text().strip()).isEqualTo("404 page not found");
    }

    @Test
    void the_present_token_tells_its_organisation() {
        fly.get("/v1/tokens/current").is(200).as("CurrentTokenResponse");
    }

    @Test
    void a_deploy_token_is_for_one_app() {
        var name = app();
        var token = fly.post("/v1/apps/" + name + "/deploy_token", Map.of("expiry", "1h"))
                .is(200)
                .as("CreateAppResponse")
                .text("token");

        fly.send("GET", "/v1/apps/" + name + "/machines", null, "Bearer " + token)
                .is(200);
        assertThat(fly.send("GET", at.machines(), null, "Bearer " + token).status())
                .isIn(401, 403, 404);
        fly.delete("/v1/apps/" + name).is(202);
    }

    @Test
    void an_app_is_made_under_either_name_of_the_field() {
        var name = FlyTarget.unique();
        var created = fly.post("/v1/apps", Map.of("app_name", name, "org_slug", at.org()))
                .is(201);
        assertThat(created.body().has("id")).isTrue();
        assertThat(created.body().path("created_at").isNumber()).isTrue();

        var app = fly.get("/v1/apps/" + name).is(200).as("App");

        assertThat(app.text("name")).isEqualTo(name);
        assertThat(app.body().path("organization").path("slug").asText()).isNotEmpty();
        fly.delete("/v1/apps/" + name).is(202);
    }

    @Test
    void an_app_needs_its_organisation_and_a_name_of_the_right_form() {
        fly.post("/v1/apps", Map.of("name", FlyTarget.unique())).is(400);
        fly.post("/v1/apps", Map.of("name", "Big Name", "org_slug", at.org())).is(422);
    }

    @Test
    void a_taken_name_is_422_and_says_so() {
        var taken = fly.post("/v1/apps", Map.of("name", at.app(), "org_slug", at.org()))
                .refuses(422, "taken");
        assertThat(taken.text("status")).isEqualTo("name_taken");
    }

    @Test
    void a_repeated_idempotency_key_is_the_first_app() {
        var name = FlyTarget.unique();
        var request = Map.of("name", name, "org_slug", at.org(), "idempotency_key", name);

        var first = fly.post("/v1/apps", request).is(201);
        var second = fly.post("/v1/apps", request);

        assertThat(second.status()).isIn(200, 201);
        assertThat(second.text("id")).isEqualTo(first.text("id"));
        var other = fly.post("/v1/apps", Map.of("name", name + "x", "org_slug", at.org(), "idempotency_key", name));
        assertThat(other.status()).isBetween(400, 499);
        fly.delete("/v1/apps/" + name).is(202);
    }

    @Test
    void apps_are_listed_by_organisation_and_nowhere_else() {
        fly.get("/v1/apps").is(404);

        var list = fly.get("/v1/apps?org_slug=" + at.org()).is(200).as("ListAppsResponse");

        assertThat(list.body().path("apps").findValuesAsText("name")).contains(at.app());
    }

    @Test
    void a_free_name_is_404() {
        fly.get("/v1/apps/" + FlyTarget.unique()).is(404);
        fly.get("/v1/apps/" + FlyTarget.unique() + "/machines").is(404);
    }

    @Test
    void deleting_an_app_takes_its_machines_and_volumes_along() {
        var name = app();
        var machine = fly.post(
                        "/v1/apps/" + name + "/machines",
                        Map.of("region", at.region(), "config", at.config(), "skip_launch", true))
                .is(200)
                .text("id");
        fly.post("/v1/apps/" + name + "/volumes", Map.of("name", "data", "region", at.region(), "size_gb", 1))
                .is(200);

        fly.delete("/v1/apps/" + name + "?force=true").is(202);

        await().atMost(Duration.ofMinutes(2))
                .untilAsserted(() ->
                        fly.get("/v1/apps/" + name + "/machines/" + machine).is(404));
        fly.get("/v1/apps/" + name).is(404);
    }

    @Test
    void machines_and_volumes_are_listed_for_the_whole_organisation() {
        var id = at.resting();
        var volume = at.volume();
        var since = fly.get(at.machine(id)).text("created_at");

        await().atMost(Duration.ofMinutes(1)).untilAsserted(() -> {
            var machines = fly.get("/v1/orgs/" + at.org() + "/machines?updated_after=2020-01-01T00:00:00Z")
                    .is(200)
                    .as("OrgMachinesResponse");
            assertThat(machines.body().path("machines").findValuesAsText("id")).contains(id);
            assertThat(machines.body().path("machines").findValuesAsText("app_name"))
                    .contains(at.app());
            var volumes = fly.get("/v1/orgs/" + at.org() + "/volumes").is(200).as("OrgVolumesResponse");
            assertThat(volumes.body().path("volumes").findValuesAsText("id")).contains(volume);
        });
        assertThat(since).isNotEmpty();
        var page = fly.get("/v1/orgs/" + at.org() + "/machines?limit=1").is(200);
        assertThat(page.body().path("machines")).hasSize(1);
        assertThat(page.text("last_machine_id")).isNotEmpty();
        at.destroy(id);
        fly.delete(at.volumes() + "/" + volume).is(200);
    }

    @Test
    void regions_are_told_in_pascal_case_around_rows_in_lower_case() {
        var answer = fly.get("/v1/platform/regions").is(200);

        assertThat(answer.body().path("Regions").findValuesAsText("code")).contains("iad", "lhr");
        FlyClient.validate("main.regionResponse", lowerCase(answer.body()));
    }

    @Test
    void placements_are_a_dry_run() {
        var answer = fly.post(
                        "/v1/platform/placements",
                        Map.of(
                                "org_slug",
                                at.org(),
                                "region",
                                at.region(),
                                "compute",
                                Map.of("cpus", 1, "memory_mb", 256)))
                .is(200);

        FlyClient.validate("main.getPlacementsResponse", lowerCase(answer.body()));
        assertThat(answer.body().path("Regions").path(0).path("Region").asText())
                .isEqualTo(at.region());
    }

    private static JsonNode lowerCase(JsonNode json) {
        var lower = Json.MAPPER.createObjectNode();
        json.properties().forEach(field -> {
            var value = field.getValue();
            if (value.isArray()) {
                var items = lower.putArray(field.getKey().toLowerCase(Locale.ROOT));
                value.forEach(item -> items.add(item.isObject() ? lowerCase(item) : item));
            } else {
                lower.set(field.getKey().toLowerCase(Locale.ROOT), value);
            }
        });
        return lower;
    }

    @Test
    void what_one_machine_cant_imitate_says_so_by_name() {
        assumeThat(at.isLocal()).as("Fly has them").isTrue();
        for (var path : new String[] {"ip_assignments", "network_policies", "secrets", "secretkeys", "certificates"}) {
            fly.get("/v1/apps/" + at.app() + "/" + path).refuses(501, "unimplemented", path);
        }
        fly.get(at.machine("00000000000000") + "/memory").refuses(501, "unimplemented");
        fly.post("/v1/tokens/oidc", "{}").refuses(501, "unimplemented");
    }
}
