package ai.in10nt.machines;

import com.fasterxml.jackson.databind.JsonNode;
import io.vertx.ext.web.Router;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Fly's paths below {@code /v1/apps/{app}/machines}. */
final class MachinesApi {
    private static final String ALL = "/v1/apps/:app/machines";
    private static final String ONE = ALL + "/:id";

    private final Machines machines;
    private final Leases leases;
    private final Waits waits;
    private final Faults faults;

    MachinesApi(Machines machines, Leases leases, Faults faults) {
        this.machines = machines;
        this.leases = leases;
        this.waits = new Waits(machines);
        this.faults = faults;
    }

    void mount(Router router, Api api) {
        router.get(ALL).handler(api.on(this::list));
        router.post(ALL).handler(api.on(this::create));
        router.get(ONE).handler(api.on(this::get));
        router.post(ONE).handler(api.on(call -> {
            var updated = machines.update(call.app(), call.id(), call.body(), call.nonce());
            return Answer.ok(updated.answer(false));
        }));
        router.delete(ONE).handler(api.on(this::destroy));
        router.post(ONE + "/start").handler(api.on(call -> {
            var previous = machines.start(call.app(), call.id(), call.nonce());
            return Answer.ok(Map.of("previous_state", previous, "migrated", false, "new_host", ""));
        }));
        router.post(ONE + "/stop").handler(api.on(call -> {
            machines.stop(call.app(), call.id(), call.body(), call.nonce());
            return Answer.OK;
        }));
        router.post(ONE + "/restart").handler(api.on(this::restart));
        router.post(ONE + "/suspend").handler(api.on(call -> {
            machines.suspend(call.app(), call.id(), call.nonce());
            return Answer.OK;
        }));
        router.post(ONE + "/signal").handler(api.on(call -> {
            machines.signal(
                    call.app(), call.id(), Settings.anySignal(call.body().path("signal")));
            return Answer.OK;
        }));
        router.post(ONE + "/cordon").handler(api.on(call -> cordon(call, true)));
        router.post(ONE + "/uncordon").handler(api.on(call -> cordon(call, false)));
        router.post(ONE + "/exec").handler(api.on(this::exec));
        router.get(ONE + "/ps").handler(api.on(call -> Answer.ok(Processes.of(machines, call.app(), call.id()))));
        router.get(ONE + "/wait").handler(api.on(waits::answer));
        router.get(ONE + "/events").handler(api.on(this::events));
        router.get(ONE + "/versions")
                .handler(api.on(call -> Answer.ok(call.machine(machines).versions())));
        router.get(ONE + "/lease")
                .handler(api.onLease(
                        call -> lease(200, Leases.get(call.machine(machines)).answer())));
        router.post(ONE + "/lease").handler(api.onLease(this::acquire));
        router.delete(ONE + "/lease").handler(api.onLease(call -> {
            leases.release(call.app(), call.id(), call.nonce());
            return new Answer(200, Map.of("status", "success"));
        }));
        router.get(ONE + "/metadata")
                .handler(api.on(call -> Answer.ok(call.machine(machines).metadata())));
        router.patch(ONE + "/metadata").handler(api.on(this::changeMetadata));
        router.put(ONE + "/metadata").handler(api.on(this::changeMetadata));
        router.get(ONE + "/metadata/:key").handler(api.on(this::metadata));
        router.post(ONE + "/metadata/:key")
                .handler(api.on(
                        call -> setMetadata(call, call.body().path("value").asText())));
        router.delete(ONE + "/metadata/:key").handler(api.on(call -> setMetadata(call, "")));
        router.get("/v1/orgs/:org/machines").handler(api.on(this::listOfOrganization));
    }

    private Answer create(Call call) {
        var app = call.app();
        var body = call.body();
        var ttl = body.path("lease_ttl");
        var region = body.path("region").asText(null);
        var slow = faults.meet(List.of(Faults.Kind.SLOW_IMAGE), "POST", call.path(), region);
        var idle = faults.meet(List.of(Faults.Kind.NEVER_READY), "POST", call.path(), region);
        var machine = machines.create(app, body, slow.map(Faults::delay).orElse(Duration.ZERO), idle.isPresent());
        var answer = machine.answer(false);
        if (ttl.isInt() && ttl.asInt() > 0) {
            answer.put(
                    "nonce",
                    leases.acquire(app, machine.id(), ttl.asInt(), "created with it", null)
                            .nonce());
        }
        return Answer.ok(answer);
    }

    private Answer get(Call call) {
        var machine = call.machine(machines);
        var version = call.query("version");
        var answer = answer(machine, call);
        if (version != null && !version.equals(machine.version())) {
            var old = machine.versions().stream()
                    .filter(candidate -> candidate.version().equals(version))
                    .findFirst()
                    .orElseThrow(() -> FlyError.of(404, "machine version not found"));
            answer.put("state", "replaced").put("version", version).put("instance_id", version);
            answer.set("config", old.userConfig());
        }
        return Answer.ok(answer);
    }

    private com.fasterxml.jackson.databind.node.ObjectNode answer(Machine machine, Call call) {
        var answer = machine.answer(faults.isHostDead(machine.id()));
        var lease = machine.lease();
        if (call.isTrue("include_leases") && lease != null && !lease.isOver(java.time.Instant.now())) {
            answer.set("lease", ai.in10nt.contracts.Json.MAPPER.valueToTree(lease.overview()));
        }
        return answer;
    }

    /** Filters: {@code state}, {@code region}, {@code metadata.KEY=VALUE} (all must hold), {@code include_deleted}. */
    private Answer list(Call call) {
        if (faults.meet(List.of(Faults.Kind.EMPTY_LIST), "GET", call.path(), null)
                .isPresent()) {
            return Answer.ok(List.of());
        }
        var page = page(filtered(machines.list(call.app()).stream(), call).toList(), call);
        return Answer.paged(
                page.items().stream()
                        .map(machine -> {
                            var answer = answer(machine, call);
                            if (call.isTrue("summary")) {
                                answer.set("config", machine.overview());
                                answer.remove(List.of("events", "checks"));
                            }
                            return answer;
                        })
                        .toList(),
                page.cursor());
    }

    private static Page<Machine> page(List<Machine> found, Call call) {
        return Page.of(found, MachinesApi::order, call.query("limit"), call.query("cursor"), 1000);
    }

    private static String order(Machine machine) {
        return machine.createdAt() + " " + machine.id();
    }

    private static Stream<Machine> filtered(Stream<Machine> all, Call call) {
        var found = all.sorted(Comparator.comparing(MachinesApi::order).reversed());
        if (!call.isTrue("include_deleted")) {
            found = found.filter(machine -> !machine.is("destroyed"));
        }
        for (var filter : call.queries()) {
            var value = filter.getValue();
            if (filter.getKey().startsWith("metadata.")) {
                var key = filter.getKey().substring("metadata.".length());
                found = found.filter(machine -> value.equals(machine.metadata().get(key)));
            } else if (filter.getKey().equals("state")) {
                found = found.filter(
                        machine -> Arrays.asList(value.split(",", -1)).contains(machine.state()));
            } else if (filter.getKey().equals("region")) {
                found = found.filter(machine -> machine.region().equals(value));
            }
        }
        return found;
    }

    private Answer listOfOrganization(Call call) {
        var of = call.appsOf(String.valueOf(call.context().pathParam("org")));
        var since = call.query("updated_after");
        var after = since == null ? java.time.Instant.EPOCH : Call.instant("updated_after", since);
        var found = filtered(
                        machines.all().stream()
                                .filter(machine -> of.contains(machine.app()))
                                .filter(machine -> machine.updatedAt().isAfter(after)),
                        call)
                .toList();
        var page = page(found, call);
        var answer = new TreeMap<String, Object>();
        answer.put("error_regions", List.of());
        answer.put(
                "machines",
                page.items().stream().map(MachinesApi::inOrganization).toList());
        if (page.cursor() != null) {
            answer.put("next_cursor", page.cursor());
        }
        if (!page.items().isEmpty()) {
            answer.put("last_machine_id", page.items().getLast().id());
            answer.put("last_updated_at", page.items().getLast().updatedAt().toString());
        }
        return Answer.ok(answer);
    }

    private static JsonNode inOrganization(Machine machine) {
        var answer = machine.answer(false);
        answer.remove(List.of("events", "checks", "image_ref", "cordoned", "host_status"));
        answer.put("app_name", machine.app());
        answer.set("config", machine.overview());
        return answer;
    }

    private Answer destroy(Call call) {
        machines.destroy(call.app(), call.id(), call.isTrue("force") || call.isTrue("kill"), call.nonce());
        return Answer.OK;
    }

    private Answer restart(Call call) {
        var signal = call.query("signal");
        boolean isForced = call.isTrue("force_stop");
        var given = call.query("timeout");
        var timeout = given == null
                ? Duration.ZERO
                : Settings.duration(com.fasterxml.jackson.databind.node.TextNode.valueOf(given), Duration.ZERO);
        var checked = signal == null || signal.isEmpty()
                ? ""
                : Settings.stopSignal("signal", com.fasterxml.jackson.databind.node.TextNode.valueOf(signal));
        machines.restart(call.app(), call.id(), isForced ? "SIGKILL" : checked, timeout, call.nonce());
        return Answer.OK;
    }

    private Answer cordon(Call call, boolean isCordoned) {
        machines.cordon(call.app(), call.id(), isCordoned, call.nonce());
        return Answer.OK;
    }

    private Answer exec(Call call) {
        var body = call.body();
        var command = new ArrayList<String>();
        body.path("command").forEach(argument -> command.add(argument.asText()));
        if (command.isEmpty() && body.path("cmd").isTextual()) {
            command.addAll(List.of("sh", "-c", body.path("cmd").asText()));
        }
        if (command.isEmpty()) {
            throw FlyError.invalid("command is required");
        }
        var timeout = Duration.ofSeconds(
                Settings.number("timeout", body.path("timeout").asText("30"), 0, 60));
        var result = machines.exec(call.app(), call.id(), command, timeout.isZero() ? Duration.ofSeconds(30) : timeout);
        if (result.isTimedOut()) {
            throw FlyError.of(408, "deadline_exceeded: the command did not end in time");
        }
        var answer = new TreeMap<String, Object>();
        answer.put("exit_code", result.exitCode());
        answer.put("exit_signal", result.exitCode() > 128 ? result.exitCode() - 128 : 0);
        answer.put("stdout", result.stdout());
        answer.put("stderr", result.stderr());
        return Answer.ok(answer);
    }

    private Answer events(Call call) {
        var limit = call.query("limit");
        int most = limit == null ? 20 : Settings.number("limit", limit, 1, 50);
        return Answer.ok(call.machine(machines).events().stream().limit(most).toList());
    }

    private static Answer lease(int status, Map<String, Object> lease) {
        return new Answer(status, Map.of("status", "success", "data", lease));
    }

    private Answer acquire(Call call) {
        var body = call.body();
        // fly-go sends it in the query, without a body.
        var text = call.query("ttl") == null ? body.path("ttl").asText(null) : call.query("ttl");
        var ttl = text == null ? null : Integer.valueOf(Settings.number("ttl", text, 1, 86_400));
        var lease = leases.acquire(
                call.app(), call.id(), ttl, body.path("description").asText(""), call.nonce());
        return lease(201, lease.answer());
    }

    private Answer metadata(Call call) {
        var value = call.machine(machines).metadata().get(call.key());
        if (value == null) {
            throw FlyError.of(404, "metadata key not found");
        }
        return Answer.ok(Map.of("value", value));
    }

    private Answer setMetadata(Call call, String value) {
        machines.setMetadata(call.app(), call.id(), Map.of(call.key(), value), null);
        return Answer.NOTHING;
    }

    private Answer changeMetadata(Call call) {
        var given = call.body().path("metadata");
        if (!given.isObject()) {
            throw FlyError.invalid("metadata is required");
        }
        var changes = new TreeMap<String, String>();
        given.properties()
                .forEach(
                        change -> changes.put(change.getKey(), change.getValue().asText("")));
        given.properties().stream()
                .filter(change -> change.getValue().isNull())
                .forEach(change -> changes.put(change.getKey(), ""));
        machines.setMetadata(
                call.app(),
                call.id(),
                changes,
                call.body().path("machine_version").asText(null));
        return Answer.NOTHING;
    }
}
