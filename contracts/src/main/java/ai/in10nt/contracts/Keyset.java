package ai.in10nt.contracts;

import com.fasterxml.jackson.databind.JsonNode;
import com.google.crypto.tink.Configuration;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.KeysetHandle;
import com.google.crypto.tink.Parameters;
import com.google.crypto.tink.TinkJsonProtoKeysetFormat;
import com.google.crypto.tink.aead.AeadConfig2026;
import com.google.crypto.tink.aead.PredefinedAeadParameters;
import com.google.crypto.tink.hybrid.HybridConfig2026;
import com.google.crypto.tink.hybrid.PredefinedHybridParameters;
import java.security.GeneralSecurityException;
import java.util.List;
import java.util.Set;
import java.util.stream.StreamSupport;

/**
 * Keys as they lie in key files, in Tink's JSON: made, and changed in the steps of a rotation. What a key has sealed begins with its id,
 * so that readers find the right one of several; writers use the primary one.
 */
public final class Keyset {
    /** Wraps other keys at rest. */
    public static final Keyset WRAPPING = new Keyset(AeadConfig2026.get(), PredefinedAeadParameters.AES256_GCM);

    /** The private half of what others seal by: {@link #publicOf}. */
    public static final Keyset PAIR =
            new Keyset(HybridConfig2026.get(), PredefinedHybridParameters.HPKE_X25519_HKDF_SHA256_AES_128_GCM);

    private final Configuration tink;
    private final Parameters parameters;

    private Keyset(Configuration tink, Parameters parameters) {
        this.tink = tink;
        this.parameters = parameters;
    }

    /** One that is used from now on; its id is a positive number. */
    public static long primary(String keyset) {
        return Json.read(keyset, JsonNode.class).path("primaryKeyId").asLong();
    }

    /** The ids of all its keys, the newest last. */
    public static List<Long> ids(String keyset) {
        return StreamSupport.stream(
                        Json.read(keyset, JsonNode.class).path("key").spliterator(), false)
                .map(key -> key.path("keyId").asLong())
                .toList();
    }

    /** A fresh one with one key. */
    public String fresh() {
        try {
            return text(KeysetHandle.generateNew(parameters, tink));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    /** With a new key that is not used yet, but opens what others seal by it. */
    public String withAnother(String keyset) {
        return changed(
                keyset,
                builder -> builder.addEntry(
                        KeysetHandle.generateEntryFromParameters(parameters).withRandomId()));
    }

    /** The same keys, the newest of which is used from now on. */
    public String usingNewest(String keyset) {
        return changed(keyset, builder -> builder.getAt(builder.size() - 1).makePrimary());
    }

    /** Without these; what they have sealed is opened by nobody then. */
    public String without(String keyset, Set<Long> ids) {
        var all = ids(keyset);
        return changed(keyset, builder -> {
            for (int at = all.size() - 1; at >= 0; at--) {
                if (ids.contains(all.get(at))) {
                    builder.deleteAt(at);
                }
            }
        });
    }

    /** What others seal by. */
    public String publicOf(String privateKeyset) {
        try {
            return TinkJsonProtoKeysetFormat.serializeKeysetWithoutSecret(
                    handle(privateKeyset).getPublicKeysetHandle(), tink);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private interface Change {
        void make(KeysetHandle.Builder keyset);
    }

    private String changed(String keyset, Change change) {
        try {
            var builder = KeysetHandle.newBuilder(handle(keyset)).setConfiguration(tink);
            change.make(builder);
            return text(builder.build());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private KeysetHandle handle(String keyset) {
        try {
            return TinkJsonProtoKeysetFormat.parseKeyset(keyset, tink, InsecureSecretKeyAccess.get());
        } catch (GeneralSecurityException e) {
            throw new IllegalArgumentException("not a Tink keyset", e);
        }
    }

    private String text(KeysetHandle handle) throws GeneralSecurityException {
        return TinkJsonProtoKeysetFormat.serializeKeyset(handle, tink, InsecureSecretKeyAccess.get());
    }

    @Override
    public String toString() {
        return "Keyset[…]";
    }
}
