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
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
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
import java.util.function.Supplier;
import org.eclipse.microprofile.rest.client.inject.RestClient;
import org.jspecify.annotations.Nullable;

/**
 * The only translation between an instance and Fly's machine and volume. Looks before it makes anything, because creating isn't
 * idempotent at Fly, and touches only what its metadata proves to be the instance's.
 */
@ApplicationScoped
class FlyDriver {
    private static final String INSTANCE = "in10nt_instance";
    private static final String INSTALLATION = "in10nt_installation";
    private static final String VOLUME_PREFIX = "ws_";
    private static final String GENERATION = "in10nt_generation";
    private static final Set<String> VOLUME_IS_LEAVING = Set.of(
            "scheduling_destroy", "pending_destroy", "waiting_for_detach", "fork_cleanup", "destroying", "destroyed");

    private final FlyMachines fly;
    private final ProvisionerConfig config;
    private final AgentAccess access;
    private final SealedValue.Opener opener;
    private final JsonNode providers;
    private final MeterRegistry metrics;
    private final Pace pace = new Pace(System::nanoTime);

    FlyDriver(@RestClient FlyMachines fly, ProvisionerConfig config, MeterRegistry metrics) {
        this.metrics = metrics;
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

    /** One call within Fly's limits; a refusal that says when to come back holds the others too. */
    private <T> T paced(String action, String object, Supplier<T> call) {
        pace.take(action, object);
        var timing = Timer.start();
        var outcome = "ok";
        try {
            return call.get();
        } catch (FlyProblem e) {
            outcome = String.valueOf(e.status());
            e.retryAfter().ifPresent(pause -> pace.closeFor(action, object, pause));
            throw e;
        } catch (RuntimeException e) {
            outcome = "unknown";
            throw e;
        } finally {
            timing.stop(metrics.timer("provisioner.fly.called", "action", action, "outcome", outcome));
        }
    }

    private void paced(String action, String object, Runnable call) {
        paced(action, object, () -> {
            call.run();
            return true;
        });
    }

    String ensureVolume(Instance instance) {
        return volumeOf(instance)
                .orElseGet(() -> paced(
                        "create volume",
                        app(),
                        () -> fly.createVolume(
                                app(),
                                new FlyMachines.CreateVolume(
                                        volumeName(instance.data().instanceId()),
                                        instance.data().region(),
                                        3,
                                        guest(instance.data())))))
                .id();
    }

    private Optional<Volume> volumeOf(Instance instance) {
        return pacedVolumes().stream()
                .filter(volume -> isOf(volume, instance)
                        && !isLeaving(volume)
                        // One in another region was given up.
                        && instance.data().region().equals(volume.region()))
                .findFirst();
    }

    private List<Volume> pacedVolumes() {
        return paced("list volumes", app(), this::volumes);
    }

    /** Fly takes at most 30 characters, of {@code [a-z0-9_]}. */
    private static String volumeName(InstanceId id) {
        return VOLUME_PREFIX + id.value().substring("inst_".length());
    }

    /** Whose name a volume has; Fly's volumes carry no metadata. */
    static Optional<String> instanceOf(Volume volume) {
        return volume.name().matches(VOLUME_PREFIX + "[0-9a-z]{26}")
                ? Optional.of("inst_" + volume.name().substring(VOLUME_PREFIX.length()))
                : Optional.empty();
    }

    static boolean isLeaving(Volume volume) {
        return VOLUME_IS_LEAVING.contains(volume.state());
    }

    Machine ensureMachine(Instance instance) {
        var id = instance.data().instanceId();
        var existing = findMachine(id);
        if (existing.isPresent()) {
            return existing.get();
        }
        var request = new FlyMachines.CreateMachine(id.value(), instance.data().region(), machineConfig(instance));
        try {
            return paced("create machine", app(), () -> fly.createMachine(app(), request));
        } catch (FlyProblem e) {
            // The list lagged behind, or another has our name.
            return e.clashingMachine()
                    .flatMap(this::machine)
                    .filter(machine -> isOf(machine, id))
                    .orElseThrow(() -> e);
        }
    }

    private Optional<Machine> findMachine(InstanceId id) {
        return paced("find machine", id.value(), () -> fly.machines(app(), id.value())).stream()
                .filter(machine -> isOf(machine, id) && !isGone(machine))
                .findFirst();
    }

    /** The instance's, also one that a step made which was cut off before it was written down. */
    Optional<Machine> machineOf(Instance instance) {
        return instance.machineId() == null ? findMachine(instance.data().instanceId()) : machine(instance.machineId());
    }

    /** Absent: it doesn't exist (any more). */
    Optional<Machine> machine(String id) {
        try {
            var machine = paced("get machine", id, () -> fly.machine(app(), id));
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

    List<Volume> volumes() {
        return fly.volumes(app());
    }

    /** Boots the instance's present generation on the machine it has. */
    void boot(Instance instance, Machine machine) {
        if (generationOf(machine) != instance.data().generation()) {
            var update = new FlyMachines.UpdateMachine(machineConfig(instance), machine.version());
            paced("update machine", machine.id(), () -> {
                fly.updateMachine(app(), machine.id(), update);
            });
        } else {
            paced("start machine", machine.id(), () -> fly.startMachine(app(), machine.id()));
        }
    }

    static int generationOf(Machine machine) {
        return Integer.parseInt(machine.metadata().getOrDefault(GENERATION, "0"));
    }

    void stop(Machine machine) {
        paced(
                "stop machine",
                machine.id(),
                () -> fly.stopMachine(app(), machine.id(), new FlyMachines.StopMachine("SIGTERM", "10s")));
    }

    /** Takes the next step towards there being no machine and no volume; true when there is neither. */
    boolean destroy(Instance instance) {
        var id = instance.data().instanceId();
        var machine = machineOf(instance);
        if (machine.isPresent()) {
            if (!isOf(machine.get(), id)) {
                throw new IllegalStateException("machine " + machine.get().id() + " isn't of " + id);
            }
            if (!machine.get().state().equals("destroying")) {
                destroy(machine.get());
            }
            return false;
        }
        var volumes = pacedVolumes().stream()
                .filter(volume -> isOf(volume, instance) && !isLeaving(volume))
                .toList();
        volumes.forEach(this::destroy);
        return volumes.isEmpty();
    }

    void destroy(Machine machine) {
        paced("destroy machine", machine.id(), () -> fly.destroyMachine(app(), machine.id(), true));
    }

    void destroy(Volume volume) {
        paced("destroy volume", volume.id(), () -> fly.destroyVolume(app(), volume.id()));
    }

    /** Whose machine it is, where its metadata proves that this installation made it. */
    Optional<String> instanceOf(Machine machine) {
        return access.installation().equals(machine.metadata().get(INSTALLATION))
                ? Optional.ofNullable(machine.metadata().get(INSTANCE))
                : Optional.empty();
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

    /** Absent: its address is of a part that isn't known before it runs. */
    @Nullable
    String agentUrlEarly(Machine machine) {
        return machine.privateIp() == null && config.fly().agentUrl().contains("{private_ip}")
                ? null
                : agentUrl(machine);
    }

    String agentToken(Instance instance) {
        return access.token(instance.data().instanceId(), instance.data().generation());
    }

    private boolean isOf(Machine machine, InstanceId id) {
        return instanceOf(machine).filter(id.value()::equals).isPresent();
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
                        INSTALLATION, access.installation(),
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
                "hasIntegrations", !instance.data().integrations().isEmpty(),
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
