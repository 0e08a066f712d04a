package ai.in10nt.chaos;

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
        var owned = new HashMap<String, Integer>();
        installation.fly().get("/v1/apps/in10nt/machines").json().forEach(machine -> {
            var owner = machine.path("config")
                    .path("metadata")
                    .path("in10nt_instance")
                    .asText();
            owned.merge(owner, 1, Integer::sum);
            if (ledger.destroyed.contains(owner)) {
                ledger.violation("machine " + machine.path("id") + " is of " + owner + ", which was destroyed");
            }
        });
        owned.forEach((owner, count) -> {
            if (ledger.instances.contains(owner) && count > 1) {
                ledger.violation(owner + " has " + count + " machines");
            }
        });
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
        installation.fly().get("/v1/apps/in10nt/machines").json().forEach(machine -> {
            if (ledger.instances.contains(machine.path("config")
                    .path("metadata")
                    .path("in10nt_instance")
                    .asText())) {
                left.add(machine.path("id").asText() + " "
                        + machine.path("state").asText());
            }
        });
        installation.fly().get("/v1/apps/in10nt/volumes").json().forEach(volume -> {
            if (ledger.instances.contains("inst_" + volume.path("name").asText().replaceFirst("^ws_", ""))
                    && !volume.path("state").asText().contains("destroy")) {
                left.add(volume.path("id").asText() + " " + volume.path("state").asText());
            }
        });
        left.addAll(ofNoMachine());
        return left;
    }

    /** Processes and mounts of machines that aren't there. */
    private Set<String> ofNoMachine() {
        var machines = StreamSupport.stream(
                        installation
                                .fly()
                                .get("/v1/apps/in10nt/machines")
                                .json()
                                .spliterator(),
                        false)
                .map(machine -> machine.path("id").asText())
                .collect(Collectors.toSet());
        var folder = installation.home().resolve("machines/machines") + "/";
        return installation.processesAndMounts().stream()
                .filter(line -> line.contains(folder))
                .filter(line -> machines.stream().noneMatch(id -> line.contains(folder + id)))
                .collect(Collectors.toSet());
    }
}
