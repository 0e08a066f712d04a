package ai.in10nt.chaos;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** What the provider and this machine have, and whose it is. */
final class Remains {
    private static final Pattern NEXT = Pattern.compile("<[^>]*?(/[a-z][^>]*)>; rel=\"next\"");

    private final Installation installation;
    private final Ledger ledger;

    Remains(Installation installation, Ledger ledger) {
        this.installation = installation;
        this.ledger = ledger;
    }

    void machinesHaveOwners() {
        machines().forEach(machine -> {
            if (ledger.destroyed.contains(ownerOf(machine))) {
                ledger.violation(
                        "machine " + machine.path("id") + " is of " + ownerOf(machine) + ", which was destroyed");
            }
        });
    }

    /** Instances with more than the one machine and the one volume that they use. */
    Set<String> doubles() {
        var owned = new HashMap<String, Integer>();
        machines().forEach(machine -> owned.merge(ownerOf(machine) + " machines", 1, Integer::sum));
        volumes().forEach(volume -> {
            if (!isLeaving(volume)) {
                owned.merge(ownerOfVolume(volume) + " volumes", 1, Integer::sum);
            }
        });
        return owned.entrySet().stream()
                .filter(entry -> entry.getValue() > 1
                        && ledger.instances.contains(entry.getKey().split(" ", -1)[0]))
                .map(entry -> entry.getKey() + ": " + entry.getValue())
                .collect(Collectors.toSet());
    }

    private JsonNode machines() {
        return installation.fly().get("/v1/apps/in10nt/machines").json();
    }

    private JsonNode volumes() {
        return installation.fly().get("/v1/apps/in10nt/volumes").json();
    }

    private static String ownerOf(JsonNode machine) {
        return machine.path("config").path("metadata").path("in10nt_instance").asText();
    }

    private static String ownerOfVolume(JsonNode volume) {
        return "inst_" + volume.path("name").asText().replaceFirst("^ws_", "");
    }

    private static boolean isLeaving(JsonNode volume) {
        return volume.path("state").asText().contains("destroy");
    }

    /** Destroys all instances that the load made, also those that were never acknowledged, and says what is still there. */
    Set<String> afterDestroyingAll() {
        var left = new HashSet<String>();
        var path = "/instances?label.chaos=yes&limit=1000";
        while (!path.isEmpty()) {
            var page = installation.gateway(1).get(path);
            page.json().forEach(instance -> {
                var id = instance.path("instanceId").asText();
                ledger.instances.add(id);
                installation.gateway(1).delete("/instances/" + id);
                left.add(id);
            });
            var link = NEXT.matcher(page.headers().firstValue("Link").orElse(""));
            path = link.find() ? link.group(1) : "";
        }
        machines().forEach(machine -> {
            if (ledger.instances.contains(ownerOf(machine))) {
                left.add(machine.path("id").asText() + " "
                        + machine.path("state").asText());
            }
        });
        volumes().forEach(volume -> {
            if (ledger.instances.contains(ownerOfVolume(volume)) && !isLeaving(volume)) {
                left.add(volume.path("id").asText() + " " + volume.path("state").asText());
            }
        });
        left.addAll(installation.ofNoMachine(StreamSupport.stream(machines().spliterator(), false)
                .map(machine -> machine.path("id").asText())
                .collect(Collectors.toSet())));
        return left;
    }
}
