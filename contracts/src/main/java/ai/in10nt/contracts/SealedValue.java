package ai.in10nt.contracts;

import com.google.crypto.tink.Configuration;
import com.google.crypto.tink.HybridDecrypt;
import com.google.crypto.tink.HybridEncrypt;
import com.google.crypto.tink.InsecureSecretKeyAccess;
import com.google.crypto.tink.TinkJsonProtoKeysetFormat;
import com.google.crypto.tink.hybrid.HybridConfig2026;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Base64;

/**
 * Secrets on their way through topics and tables: encrypted by Tink (HPKE) to the one service that must use them, and bound to
 * tenant and instance, so that a value copied elsewhere opens nothing.
 */
public final class SealedValue {
    private static final Configuration TINK = HybridConfig2026.get();

    private SealedValue() {}

    /** A fresh key pair as two keysets. */
    public record KeyPair(String privateKeyset, String publicKeyset) {
        public static KeyPair generate() {
            var privateKeyset = Keyset.PAIR.fresh();
            return new KeyPair(privateKeyset, Keyset.PAIR.publicOf(privateKeyset));
        }

        @Override
        public String toString() {
            return "KeyPair[…]";
        }
    }

    /** Seals to the owner of a public keyset. */
    public static final class Sealer {
        private final HybridEncrypt encrypt;

        public Sealer(String publicKeyset) {
            try {
                encrypt = TinkJsonProtoKeysetFormat.parseKeysetWithoutSecret(publicKeyset, TINK)
                        .getPrimitive(TINK, HybridEncrypt.class);
            } catch (GeneralSecurityException e) {
                throw new IllegalArgumentException("not a Tink public keyset", e);
            }
        }

        public String seal(String tenant, InstanceId instance, String plaintext) {
            try {
                return Base64.getEncoder()
                        .encodeToString(
                                encrypt.encrypt(plaintext.getBytes(StandardCharsets.UTF_8), context(tenant, instance)));
            } catch (GeneralSecurityException e) {
                throw new IllegalStateException("could not seal a value for " + instance, e);
            }
        }
    }

    /** Opens what was sealed to the owner of this private keyset. */
    public static final class Opener {
        private final HybridDecrypt decrypt;

        public Opener(String privateKeyset) {
            try {
                decrypt = TinkJsonProtoKeysetFormat.parseKeyset(privateKeyset, TINK, InsecureSecretKeyAccess.get())
                        .getPrimitive(TINK, HybridDecrypt.class);
            } catch (GeneralSecurityException e) {
                throw new IllegalArgumentException("not a Tink private keyset", e);
            }
        }

        public String open(String tenant, InstanceId instance, String sealed) {
            try {
                return new String(
                        decrypt.decrypt(Base64.getDecoder().decode(sealed), context(tenant, instance)),
                        StandardCharsets.UTF_8);
            } catch (GeneralSecurityException e) {
                throw new IllegalArgumentException("a sealed value of " + instance + " can't be opened", e);
            }
        }
    }

    private static byte[] context(String tenant, InstanceId instance) {
        return (tenant + "\n" + instance.value()).getBytes(StandardCharsets.UTF_8);
    }
}
