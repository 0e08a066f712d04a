package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.ext.web.Router;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Fly's paths below {@code /v1/apps/{app}/volumes}. */
final class VolumesApi {
    private static final String ALL = "/v1/apps/:app/volumes";
    private static final String ONE = ALL + "/:id";

    private final Volumes volumes;

    VolumesApi(Volumes volumes) {
        this.volumes = volumes;
    }

    void mount(Router router, Api api) {
        router.get(ALL).handler(api.on(call -> {
            var page = page(volumes.list(call.app()), call);
            return Answer.paged(page.items().stream().map(VolumesApi::answer).toList(), page.cursor());
        }));
        router.post(ALL).handler(api.on(call -> Answer.ok(answer(volumes.create(call.app(), call.body())))));
        router.get(ONE).handler(api.on(call -> Answer.ok(answer(volumes.get(call.app(), call.id())))));
        router.put(ONE).handler(api.on(call -> Answer.ok(answer(volumes.update(call.app(), call.id(), call.body())))));
        router.delete(ONE).handler(api.on(call -> Answer.ok(answer(volumes.destroy(call.app(), call.id())))));
        router.put(ONE + "/extend").handler(api.on(this::extend));
        router.get(ONE + "/snapshots")
                .handler(api.on(call -> Answer.ok(volumes.snapshots(call.app(), call.id()).stream()
                        .map(VolumesApi::answer)
                        .toList())));
        router.post(ONE + "/snapshots").handler(api.on(this::snapshot));
        router.get("/v1/orgs/:org/volumes").handler(api.on(this::listOfOrganization));
    }

    private static Page<Volume> page(List<Volume> found, Call call) {
        return Page.of(
                found,
                volume -> volume.createdAt() + " " + volume.id(),
                call.query("limit"),
                call.query("cursor"),
                1000);
    }

    /** A folder has no blocks of its own; a size has. */
    private static ObjectNode answer(Volume volume) {
        var answer = Json.MAPPER.<ObjectNode>valueToTree(volume);
        answer.remove(List.of("app", "updated_at"));
        answer.put("block_size", 4096);
        answer.put("blocks", volume.sizeGb() * 262_144L);
        answer.put("bytes_total", volume.sizeGb() * 1_073_741_824L);
        return answer;
    }

    private static ObjectNode answer(Snapshot snapshot) {
        var answer = Json.MAPPER.<ObjectNode>valueToTree(snapshot);
        answer.remove(List.of("app", "volume", "size_gb"));
        return answer;
    }

    private Answer extend(Call call) {
        var volume = volumes.extend(call.app(), call.id(), call.body());
        return Answer.ok(Map.of("volume", answer(volume), "needs_restart", volume.attachedMachineId() != null));
    }

    private Answer snapshot(Call call) {
        var taken = volumes.snapshot(call.app(), call.id());
        var backup = answer(taken);
        backup.put("graph_id", taken.id());
        return Answer.ok(Map.of("Msg", Map.of("backup", backup)));
    }

    private Answer listOfOrganization(Call call) {
        var of = call.appsOf(String.valueOf(call.context().pathParam("org")));
        var since = call.query("updated_after");
        var after = since == null ? java.time.Instant.EPOCH : Call.instant("updated_after", since);
        var found = volumes.all().stream()
                .filter(volume ->
                        of.contains(volume.app()) && volume.updatedAt().isAfter(after))
                .toList();
        var page = page(found, call);
        var answer = new TreeMap<String, Object>();
        answer.put(
                "volumes", page.items().stream().map(VolumesApi::inOrganization).toList());
        if (page.cursor() != null) {
            answer.put("next_cursor", page.cursor());
        }
        if (!page.items().isEmpty()) {
            answer.put("last_volume_id", page.items().getLast().id());
            answer.put("last_updated_at", page.items().getLast().updatedAt().toString());
        }
        return Answer.ok(answer);
    }

    private static JsonNode inOrganization(Volume volume) {
        var answer = answer(volume);
        answer.put("app_name", volume.app());
        answer.put("updated_at", volume.updatedAt().toString());
        return answer;
    }
}
