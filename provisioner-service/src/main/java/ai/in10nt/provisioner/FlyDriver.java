package ai.in10nt.provisioner;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.InstanceData;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.SealedValue;
import ai.in10nt.contracts.VmSize;
import ai.in10nt.provisioner.FlyMachines.Machine;
import ai.in10nt.provisioner.FlyMachines.MachineConfig;
import ai.in10nt.provisioner.FlyMachines.Volume;
import com.fasterxml.jackson.databind.JsonNode;
import jakarta.enterprise.context.ApplicationScoped;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.eclipse.microprofile.rest.client.inject.RestClient;

/**
 * The only translation between an instance and Fly's machine and volume. Looks before it makes anything, because creating isn't
 * idempotent at Fly, and touches only what its metadata proves to be the instance's.
 */
@ApplicationScoped
class FlyDriver {
    private static final String INSTANCE = "in10nt_instance";
    private static final String GENERATION = "in10nt_generation";
    private static final Set<String> VOLUME_IS_LEAVING = Set.of(
            "scheduling_destroy", "pending_destroy", "waiting_for_detach", "fork_cleanup", "destroying", "destroyed");

    private final FlyMachines fly;
    private final ProvisionerConfig config;
    private final AgentAccess access;
    private final SealedValue.Opener opener;
    private final JsonNode providers;

    FlyDriver(@RestClient FlyMachines fly, ProvisionerConfig config) {
        this.fly = fly;
        this.config = config;
        try {
            this.access = new AgentAccess(Files.readString(config.keyset().resolve("agent-access.key")));
            this.opener =
                    new SealedValue.Opener(Files.readString(config.keyset().resolve("provisioner-private.json")));
            this.providers = Json.MAPPER.readTree(config.providers().toFile());
        } catch (IOException e) {
            throw new UncheckedIOException("the provisioner's keys", e);
        }
    }

    /** The app that all machines live in; made where it doesn't exist. */
    void ensureApp() {
        try {
            fly.app(app());
        } catch (FlyProblem e) {
            if (e.next() != FlyProblem.Next.GONE) {
                throw e;
            }
            fly.createApp(new FlyMachines.CreateApp(app(), app(), config.fly().org()));
        }
    }

    String ensureVolume(Instance instance) {
        var name = volumeName(instance.data().instanceId());
        return fly.volumes(app()).stream()
                .filter(volume -> volume.name().equals(name) && !VOLUME_IS_LEAVING.contains(volume.state()))
                .findFirst()
                .orElseGet(() -> fly.createVolume(
                        app(),
                        new FlyMachines.CreateVolume(name, instance.data().region(), 3, guest(instance.data()))))
                .id();
    }

    /** Fly takes at most 30 characters, of {@code [a-z0-9_]}. */
    private static String volumeName(InstanceId id) {
        return "ws_" + id.value().substring("inst_".length());
    }

    Machine ensureMachine(Instance instance) {
        var existing = findMachine(instance.data().instanceId());
        if (existing.isPresent()) {
            return existing.get();
        }
        var name = instance.data().instanceId().value();
        return fly.createMachine(
                app(), new FlyMachines.CreateMachine(name, instance.data().region(), machineConfig(instance)));
    }

    private Optional<Machine> findMachine(InstanceId id) {
        return fly.machines(app(), id.value()).stream()
                .filter(machine -> isOf(machine, id) && !isGone(machine))
                .findFirst();
    }

    /** Absent: it doesn't exist (any more). */
    Optional<Machine> machine(String id) {
        try {
            var machine = fly.machine(app(), id);
            return isGone(machine) ? Optional.empty() : Optional.of(machine);
        } catch (FlyProblem e) {
            if (e.next() == FlyProblem.Next.GONE) {
                return Optional.empty();
            }
            throw e;
        }
    }

    List<Machine> machines() {
        return fly.machines(app(), null);
    }

    /** Boots the instance's present generation on the machine it has. */
    void boot(Instance instance, Machine machine) {
        if (generationOf(machine) != instance.data().generation()) {
            fly.updateMachine(
                    app(), machine.id(), new FlyMachines.UpdateMachine(machineConfig(instance), machine.version()));
        } else {
            fly.startMachine(app(), machine.id());
        }
    }

    static int generationOf(Machine machine) {
        var config = machine.config();
        var metadata = config == null ? null : config.metadata();
        return Integer.parseInt(metadata == null ? "0" : metadata.getOrDefault(GENERATION, "0"));
    }

    void stop(Machine machine) {
        fly.stopMachine(app(), machine.id(), new FlyMachines.StopMachine("SIGTERM", "10s"));
    }

    /** Takes the next step towards there being no machine and no volume; true when there is neither. */
    boolean destroy(Instance instance) {
        var id = instance.data().instanceId();
        var machine = instance.machineId() == null ? findMachine(id) : machine(instance.machineId());
        if (machine.isPresent()) {
            if (!isOf(machine.get(), id)) {
                throw new IllegalStateException("machine " + machine.get().id() + " isn't of " + id);
            }
            if (!machine.get().state().equals("destroying")) {
                fly.destroyMachine(app(), machine.get().id(), true);
            }
            return false;
        }
        var volumes = fly.volumes(app()).stream()
                .filter(volume -> isOf(volume, instance) && !VOLUME_IS_LEAVING.contains(volume.state()))
                .toList();
        volumes.forEach(volume -> fly.destroyVolume(app(), volume.id()));
        return volumes.isEmpty();
    }

    private static boolean isOf(Volume volume, Instance instance) {
        return volume.name().equals(volumeName(instance.data().instanceId()));
    }

    String agentUrl(Machine machine) {
        return config.fly()
                .agentUrl()
                .replace("{machine}", machine.id())
                .replace("{app}", app())
                .replace("{private_ip}", String.valueOf(machine.privateIp()));
    }

    String agentToken(Instance instance) {
        return access.token(instance.data().instanceId(), instance.data().generation());
    }

    private static boolean isOf(Machine machine, InstanceId id) {
        var config = machine.config();
        var metadata = config == null ? null : config.metadata();
        return metadata != null && id.value().equals(metadata.get(INSTANCE));
    }

    private static boolean isGone(Machine machine) {
        return machine.state().equals("destroyed");
    }

    private MachineConfig machineConfig(Instance instance) {
        var data = instance.data();
        return new MachineConfig(
                config.image(),
                guest(data),
                Map.of("IN10NT_INSTANCE_ID", data.instanceId().value()),
                List.of(new FlyMachines.Mount(String.valueOf(instance.volumeId()), "/data")),
                // A boot is a generation of ours: Fly must not boot by itself.
                new FlyMachines.Restart("no"),
                new FlyMachines.StopConfig("SIGTERM", "10s"),
                Map.of(
                        INSTANCE, data.instanceId().value(),
                        GENERATION, String.valueOf(data.generation())),
                List.of(new FlyMachines.File("/run/in10nt/agent.json", base64(agentFile(instance)), 0600)));
    }

    /** The user's variables are for the agent alone: what runs before it has more rights, and must not be steered by them. */
    private Map<String, String> env(Instance instance) {
        var env = new TreeMap<String, String>();
        if (instance.sealedEnv() != null) {
            var json = opener.open(instance.tenant(), instance.data().instanceId(), instance.sealedEnv());
            Json.read(json, JsonNode.class)
                    .properties()
                    .forEach(variable ->
                            env.put(variable.getKey(), variable.getValue().asText()));
        }
        return env;
    }

    /** What only the agent server may read: its token, the providers' keys, the agent's variables. */
    private byte[] agentFile(Instance instance) {
        return Json.bytes(Map.of(
                "instanceId", instance.data().instanceId(),
                "generation", instance.data().generation(),
                "token", agentToken(instance),
                "env", env(instance),
                "providers", providers));
    }

    private static FlyMachines.Guest guest(InstanceData data) {
        var size = VmSize.named(data.vmSize()).orElseThrow();
        return new FlyMachines.Guest(size.cpuKind(), size.cpus(), data.memoryMb());
    }

    private static String base64(byte[] bytes) {
        return new String(Base64.getEncoder().encode(bytes), StandardCharsets.US_ASCII);
    }

    private String app() {
        return config.fly().app();
    }
}
