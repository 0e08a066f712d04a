package ai.in10nt.machines;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.ext.web.Router;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Fly's paths for apps, tokens and the platform. */
final class AppsApi {
    private static final String ONE = "/v1/apps/:app";
    /** What Fly has and one machine hasn't: said by name instead of a 404. */
    private static final List<String> NOT_HERE = List.of(
            ONE + "/ip_assignments*",
            ONE + "/network_policies*",
            ONE + "/secrets*",
            ONE + "/secretkeys*",
            ONE + "/certificates*",
            ONE + "/machines/:id/memory*",
            "/v1/tokens/*");

    private final Apps apps;
    private final Machines machines;
    private final Volumes volumes;
    private final Access access;

    AppsApi(Apps apps, Machines machines, Volumes volumes, Access access) {
        this.apps = apps;
        this.machines = machines;
        this.volumes = volumes;
        this.access = access;
    }

    void mount(Router router, Api api) {
        router.get("/v1/tokens/current").handler(api.on(this::currentToken));
        for (var path : NOT_HERE) {
            router.route(path).handler(api.on(call -> {
                throw FlyError.of(501, "unimplemented: machines-local has no " + call.path());
            }));
        }
        router.post("/v1/apps").handler(api.on(call -> new Answer(201, apps.create(call.body()))));
        router.get("/v1/apps").handler(api.on(this::list));
        router.get(ONE).handler(api.on(call -> Answer.ok(answer(apps.get(call.app())))));
        router.delete(ONE).handler(api.on(this::destroy));
        router.post(ONE + "/deploy_token").handler(api.on(call -> {
            var expiry = Settings.duration(call.body().path("expiry"), Duration.ofDays(365 * 20));
            return Answer.ok(Map.of("token", access.deployToken(call.app(), expiry)));
        }));
        router.get("/v1/platform/regions").handler(api.on(call -> Answer.ok(Regions.answer())));
        router.post("/v1/platform/placements").handler(api.on(call -> {
            var body = call.body();
            if (body.path("org_slug").asText("").isEmpty()) {
                throw FlyError.invalid("org_slug is required");
            }
            return Answer.ok(Regions.placements(
                    body.path("region").asText(""),
                    Settings.number(
                            "compute.memory_mb",
                            body.path("compute").path("memory_mb").asText("256"),
                            256,
                            131_072)));
        }));
    }

    private ObjectNode answer(ObjectNode kept) {
        var answer = kept.deepCopy();
        answer.remove(List.of("created_at", "idempotency_key"));
        var name = kept.path("name").asText();
        answer.put(
                "machine_count",
                machines.list(name).stream()
                        .filter(machine -> !machine.is("destroyed"))
                        .count());
        answer.put(
                "volume_count",
                volumes.list(name).stream()
                        .filter(volume -> !volume.isLeaving())
                        .count());
        return answer;
    }

    private Answer list(Call call) {
        var organization = call.query("org_slug");
        if (organization == null || organization.isEmpty()) {
            throw FlyError.of(404, "organization not found");
        }
        var all = apps.list(organization);
        var page = Page.of(all, app -> app.path("name").asText(), call.query("limit"), call.query("cursor"), 5000);
        var answer = new LinkedHashMap<String, Object>();
        answer.put("total_apps", all.size());
        answer.put("apps", page.items().stream().map(this::answer).toList());
        if (page.cursor() != null) {
            answer.put("next_cursor", page.cursor());
        }
        return Answer.ok(answer);
    }

    /** Takes its machines and volumes along; what a kill cuts off, the caller asks again. */
    private Answer destroy(Call call) {
        var app = call.app();
        var left = machines.list(app).stream()
                .filter(machine -> !machine.is("destroyed"))
                .toList();
        if (!call.isTrue("force") && left.stream().anyMatch(machine -> machine.is("started", "starting"))) {
            throw FlyError.notNow("app " + app + " has running machines; stop them, or use force");
        }
        left.forEach(machine -> machines.destroy(app, machine.id(), true, leaseOf(machine)));
        Thread.ofVirtual().name(app).start(() -> finishDestroy(app));
        return new Answer(202, null);
    }

    private static @org.jspecify.annotations.Nullable String leaseOf(Machine machine) {
        var lease = machine.lease();
        return lease == null ? null : lease.nonce();
    }

    private void finishDestroy(String app) {
        Host.await(
                Duration.ofMinutes(2),
                () -> machines.list(app).stream().allMatch(machine -> machine.is("destroyed"))
                        && volumes.list(app).stream().allMatch(volume -> volume.attachedMachineId() == null));
        volumes.list(app).forEach(volume -> volumes.destroy(app, volume.id()));
        apps.remove(app);
    }

    private Answer currentToken(Call call) {
        var scope = access.scope(call.context().request().getHeader("Authorization"));
        var app = scope.orElseThrow().app();
        var token = new LinkedHashMap<String, Object>();
        token.put("token_id", "local");
        token.put("org_slug", app == null ? "personal" : Apps.organizationOf(apps.get(app)));
        token.put("organization", token.get("org_slug"));
        token.put("apps", app == null ? List.of() : List.of(app));
        return Answer.ok(Map.of("tokens", List.of(token)));
    }
}
