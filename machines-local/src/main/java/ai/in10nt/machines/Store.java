package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.crypto.tink.Aead;
import com.google.crypto.tink.Configuration;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.TinkJsonProtoKeysetFormat;
import com.google.crypto.tink.aead.AeadConfig2026;
import com.google.crypto.tink.aead.PredefinedAeadParameters;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.util.Base64;
import java.util.List;
import java.util.stream.Stream;

/** Apps, machines and volumes as files, so that a restart finds them. A machine's configuration, which has its env, is sealed. */
final class Store {
    private static final List<String> SEALED = List.of("config", "versions", "lease");
    private static final Configuration TINK = AeadConfig2026.get();

    private final Path folder;
    private final Aead aead;

    Store(Path home) {
        this.folder = home.resolve("state");
        try {
            for (var kind : List.of("apps", "machines", "volumes", "snapshots")) {
                Files.createDirectories(folder.resolve(kind));
            }
            this.aead = keyset(home.resolve("at-rest.json")).getPrimitive(TINK, Aead.class);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the key for data at rest", e);
        }
    }

    private static KeysetHandle keyset(Path file) throws IOException, GeneralSecurityException {
        if (!Files.exists(file)) {
            var fresh = KeysetHandle.generateNew(PredefinedAeadParameters.AES256_GCM, TINK);
            var text = TinkJsonProtoKeysetFormat.serializeKeyset(fresh, TINK, InsecureSecretKeyAccess.get());
            Files.createFile(file, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
            Files.writeString(file, text);
        }
        return TinkJsonProtoKeysetFormat.parseKeyset(Files.readString(file), TINK, InsecureSecretKeyAccess.get());
    }

    void save(Machine machine) {
        var json = Json.MAPPER.<ObjectNode>valueToTree(machine);
        var secret = Json.MAPPER.createObjectNode();
        for (var field : SEALED) {
            secret.set(field, json.remove(field));
        }
        json.put("sealed", seal(machine.id(), secret));
        write("machines", machine.id(), json);
    }

    List<Machine> machines() {
        return read("machines")
                .map(json -> {
                    var secret =
                            open(json.path("id").asText(), json.remove("sealed").asText());
                    json.setAll((ObjectNode) secret);
                    return Json.MAPPER.convertValue(json, Machine.class);
                })
                .toList();
    }

    void save(Volume volume) {
        write("volumes", volume.id(), Json.MAPPER.valueToTree(volume));
    }

    List<Volume> volumes() {
        return read("volumes")
                .map(json -> Json.MAPPER.convertValue(json, Volume.class))
                .toList();
    }

    void save(Snapshot snapshot) {
        write("snapshots", snapshot.id(), Json.MAPPER.valueToTree(snapshot));
    }

    List<Snapshot> snapshots() {
        return read("snapshots")
                .map(json -> Json.MAPPER.convertValue(json, Snapshot.class))
                .toList();
    }

    void saveApp(String name, JsonNode app) {
        write("apps", name, app);
    }

    List<ObjectNode> apps() {
        return read("apps").toList();
    }

    void forget(String kind, String id) {
        try {
            Files.deleteIfExists(folder.resolve(kind).resolve(id + ".json"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private String seal(String id, JsonNode config) {
        try {
            return Base64.getEncoder()
                    .encodeToString(aead.encrypt(Json.bytes(config), id.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private JsonNode open(String id, String sealed) {
        try {
            var bytes = aead.decrypt(Base64.getDecoder().decode(sealed), id.getBytes(StandardCharsets.UTF_8));
            return Json.read(bytes, JsonNode.class);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the configuration of machine " + id + " can't be opened", e);
        }
    }

    private void write(String kind, String id, JsonNode json) {
        try {
            var file = folder.resolve(kind).resolve(id + ".json");
            var draft = folder.resolve(kind).resolve(id + ".new");
            try (var channel = java.nio.channels.FileChannel.open(
                    draft,
                    java.nio.file.StandardOpenOption.CREATE,
                    java.nio.file.StandardOpenOption.TRUNCATE_EXISTING,
                    java.nio.file.StandardOpenOption.WRITE)) {
                channel.write(java.nio.ByteBuffer.wrap(Json.bytes(json)));
                channel.force(true);
            }
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Stream<ObjectNode> read(String kind) {
        try (var files = Files.list(folder.resolve(kind))) {
            return files.filter(file -> file.toString().endsWith(".json")).toList().stream()
                    .map(file -> {
                        try {
                            return (ObjectNode) Json.MAPPER.readTree(file.toFile());
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
