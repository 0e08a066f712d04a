package ai.in10nt.integration;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.KeyFile;
import ai.in10nt.contracts.SealedValue;
import com.fasterxml.jackson.databind.JsonNode;
import com.google.crypto.tink.Aead;
import com.google.crypto.tink.Configuration;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.TinkJsonProtoKeysetFormat;
import com.google.crypto.tink.TinkProtoKeysetFormat;
import com.google.crypto.tink.aead.AeadConfig2026;
import com.google.crypto.tink.aead.PredefinedAeadParameters;
import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The values of integrations, at rest. Each instance has a data key of its own, which lies beside them wrapped by the installation's
 * key: when the row goes, what history still has of it opens nothing without that one; and once that one is rotated away, nothing at
 * all.
 */
@ApplicationScoped
class Vault {
    private static final Configuration TINK = AeadConfig2026.get();

    private final KeyFile<SealedValue.Opener> fromGateway;
    private final KeyFile<Aead> wrapping;

    /**
     * The bytes as they are stored; both absent: there are no values.
     *
     * @param wrappingKey the id of the key that wraps the data key; absent: not known
     */
    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Sealed(
            byte @Nullable [] dataKey,
            byte @Nullable [] text,
            @Nullable Long wrappingKey) {
        static final Sealed NOTHING = new Sealed(null, null, null);

        @Override
        public String toString() {
            return "Sealed[…]";
        }
    }

    Vault(IntegrationConfig config) {
        fromGateway = new KeyFile<>(config.keyset().resolve("integration-private.json"), SealedValue.Opener::new);
        wrapping = new KeyFile<>(config.keyset().resolve("integration-wrapping.json"), Vault::wrapping);
    }

    private static Aead wrapping(String keyset) {
        try {
            return TinkJsonProtoKeysetFormat.parseKeyset(keyset, TINK, InsecureSecretKeyAccess.get())
                    .getPrimitive(TINK, Aead.class);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("integration-wrapping.json is no Tink keyset", e);
        }
    }

    /** The id of the key that wraps what is sealed now. */
    long wrappingKey() {
        return wrapping.content().primary();
    }

    /** How many there are: more than one while they are rotated. */
    int wrappingKeys() {
        return wrapping.content().ids().size();
    }

    /** Those that only open, and are to go; a newer one, which isn't used yet, is none of them. */
    List<Long> olderWrappingKeys() {
        var keys = wrapping.content();
        return keys.ids().subList(0, keys.ids().indexOf(keys.primary()));
    }

    /** The id of the newest key that the gateway may seal by. */
    long openingKey() {
        return fromGateway.content().primary();
    }

    /** What the gateway sealed. */
    Map<String, String> opened(String tenant, InstanceId instance, @Nullable String sealedEnv) {
        return sealedEnv == null ? Map.of() : map(fromGateway.made().open(tenant, instance, sealedEnv));
    }

    Map<String, String> open(String tenant, InstanceId instance, Sealed sealed) {
        if (sealed.dataKey() == null || sealed.text() == null) {
            return Map.of();
        }
        try {
            var context = context(tenant, instance);
            var key = TinkProtoKeysetFormat.parseEncryptedKeyset(sealed.dataKey(), wrapping.made(), context, TINK)
                    .getPrimitive(TINK, Aead.class);
            return map(new String(key.decrypt(sealed.text(), context), StandardCharsets.UTF_8));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("the values of " + instance + " can't be opened", e);
        }
    }

    /** By a new key each time: what was sealed before, and may still lie in the database's history, has none any more. */
    Sealed seal(String tenant, InstanceId instance, Map<String, String> values) {
        if (values.isEmpty()) {
            return Sealed.NOTHING;
        }
        try {
            var context = context(tenant, instance);
            var key = KeysetHandle.generateNew(PredefinedAeadParameters.AES256_GCM, TINK);
            var by = wrapping.content();
            return new Sealed(
                    TinkProtoKeysetFormat.serializeEncryptedKeyset(key, by.made(), context, TINK),
                    key.getPrimitive(TINK, Aead.class).encrypt(Json.bytes(values), context),
                    by.primary());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("values of " + instance + " can't be sealed", e);
        }
    }

    private static byte[] context(String tenant, InstanceId instance) {
        return ("integrations\n" + tenant + "\n" + instance).getBytes(StandardCharsets.UTF_8);
    }

    private static Map<String, String> map(String json) {
        var values = new TreeMap<String, String>();
        Json.read(json, JsonNode.class)
                .properties()
                .forEach(value -> values.put(value.getKey(), value.getValue().asText()));
        return values;
    }
}
