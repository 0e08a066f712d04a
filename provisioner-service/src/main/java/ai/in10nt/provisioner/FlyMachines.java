package ai.in10nt.provisioner;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.quarkus.rest.client.reactive.ClientExceptionMapper;
import jakarta.ws.rs.DELETE;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.POST;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.PathParam;
import jakarta.ws.rs.QueryParam;
import jakarta.ws.rs.core.Response;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.eclipse.microprofile.rest.client.annotation.ClientHeaderParam;
import org.eclipse.microprofile.rest.client.inject.RegisterRestClient;
import org.jspecify.annotations.Nullable;

/** The Fly Machines REST API, in its own paths and words. Every refusal is a {@link FlyProblem}. */
@RegisterRestClient(configKey = "fly-machines")
@Path("/v1")
@ClientHeaderParam(name = "Authorization", value = "Bearer ${provisioner.fly.token}")
interface FlyMachines {

    @GET
    @Path("/apps/{app}")
    App app(@PathParam("app") String app);

    @POST
    @Path("/apps")
    App createApp(CreateApp request);

    @GET
    @Path("/apps/{app}/machines")
    List<Machine> machines(
            @PathParam("app") String app, @QueryParam("metadata.in10nt_instance") @Nullable String instance);

    @POST
    @Path("/apps/{app}/machines")
    Machine createMachine(@PathParam("app") String app, CreateMachine request);

    @GET
    @Path("/apps/{app}/machines/{id}")
    Machine machine(@PathParam("app") String app, @PathParam("id") String id);

    @POST
    @Path("/apps/{app}/machines/{id}")
    Machine updateMachine(@PathParam("app") String app, @PathParam("id") String id, UpdateMachine request);

    @POST
    @Path("/apps/{app}/machines/{id}/start")
    void startMachine(@PathParam("app") String app, @PathParam("id") String id);

    @POST
    @Path("/apps/{app}/machines/{id}/stop")
    void stopMachine(@PathParam("app") String app, @PathParam("id") String id, StopMachine request);

    @DELETE
    @Path("/apps/{app}/machines/{id}")
    void destroyMachine(@PathParam("app") String app, @PathParam("id") String id, @QueryParam("force") boolean force);

    @GET
    @Path("/apps/{app}/volumes")
    List<Volume> volumes(@PathParam("app") String app);

    @POST
    @Path("/apps/{app}/volumes")
    Volume createVolume(@PathParam("app") String app, CreateVolume request);

    @DELETE
    @Path("/apps/{app}/volumes/{id}")
    void destroyVolume(@PathParam("app") String app, @PathParam("id") String id);

    @ClientExceptionMapper
    static RuntimeException problem(Response response) {
        return FlyProblem.from(response);
    }

    record App(
            @Nullable String id,
            @Nullable String name,
            @Nullable String status) {}

    /** Sources disagree on the name's field: both are sent. */
    record CreateApp(
            @JsonProperty("app_name") String appName,
            String name,
            @JsonProperty("org_slug") String orgSlug) {}

    record Machine(
            String id,
            @JsonProperty("instance_id") @Nullable String version,
            @Nullable String name,
            String state,
            @Nullable String region,
            @JsonProperty("private_ip") @Nullable String privateIp,
            @JsonProperty("created_at") @Nullable Instant createdAt,
            @Nullable MachineConfig config,
            @JsonProperty("incomplete_config") @Nullable MachineConfig incompleteConfig) {

        /** What its maker wrote on it; of a machine on a dead host too. */
        Map<String, String> metadata() {
            var known = config == null ? incompleteConfig : config;
            var metadata = known == null ? null : known.metadata();
            return metadata == null ? Map.of() : metadata;
        }
    }

    record CreateMachine(String name, String region, MachineConfig config) {}

    record UpdateMachine(
            MachineConfig config,
            @JsonProperty("current_version") @Nullable String currentVersion) {}

    record StopMachine(String signal, String timeout) {}

    record MachineConfig(
            @Nullable String image,
            @Nullable Guest guest,
            @Nullable Map<String, String> env,
            @Nullable List<Mount> mounts,
            @Nullable Restart restart,
            @JsonProperty("stop_config") @Nullable StopConfig stopConfig,
            @Nullable Map<String, String> metadata,
            @Nullable List<File> files) {

        /** It holds secrets. */
        @Override
        public String toString() {
            return "MachineConfig[" + image + ", " + metadata + "]";
        }
    }

    record Guest(
            @JsonProperty("cpu_kind") String cpuKind,
            int cpus,
            @JsonProperty("memory_mb") int memoryMb) {}

    record Mount(String volume, String path) {}

    record Restart(String policy) {}

    record StopConfig(String signal, String timeout) {}

    /**
     * A file written at boot.
     *
     * @param rawValue base64
     */
    record File(
            @JsonProperty("guest_path") String guestPath,
            @JsonProperty("raw_value") String rawValue,
            int mode) {
        @Override
        public String toString() {
            return "File[" + guestPath + "]";
        }
    }

    record Volume(
            String id,
            String name,
            String state,
            @Nullable String region,
            @JsonProperty("attached_machine_id") @Nullable String attachedMachineId,
            @JsonProperty("created_at") @Nullable Instant createdAt) {}

    record CreateVolume(
            String name,
            String region,
            @JsonProperty("size_gb") int sizeGb,
            @Nullable Guest compute) {}
}
