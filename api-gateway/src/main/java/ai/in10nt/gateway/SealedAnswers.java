package ai.in10nt.gateway;

import jakarta.enterprise.context.ApplicationScoped;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/** Remembered answers that may hold secrets, as they lie in the database: AES-256-GCM, bound to the request that they answer. */
@ApplicationScoped
class SealedAnswers {
    private static final int NONCE = 12;
    private static final int TAG_BITS = 128;

    private final SecretKeySpec key;
    private final SecureRandom random = new SecureRandom();

    SealedAnswers(Keysets keysets) {
        this.key = new SecretKeySpec(
                Base64.getUrlDecoder().decode(keysets.agentAccess().derived("remembered answers")), "AES");
    }

    String seal(String answer, List<String> request) {
        var nonce = new byte[NONCE];
        random.nextBytes(nonce);
        var text = cipher(Cipher.ENCRYPT_MODE, nonce, request, answer.getBytes(StandardCharsets.UTF_8));
        var sealed = Arrays.copyOf(nonce, NONCE + text.length);
        System.arraycopy(text, 0, sealed, NONCE, text.length);
        return Base64.getEncoder().encodeToString(sealed);
    }

    String open(String sealed, List<String> request) {
        var bytes = Base64.getDecoder().decode(sealed);
        var nonce = Arrays.copyOf(bytes, NONCE);
        var text = Arrays.copyOfRange(bytes, NONCE, bytes.length);
        return new String(cipher(Cipher.DECRYPT_MODE, nonce, request, text), StandardCharsets.UTF_8);
    }

    private byte[] cipher(int mode, byte[] nonce, List<String> request, byte[] text) {
        try {
            var cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
            cipher.updateAAD(String.join("\n", request).getBytes(StandardCharsets.UTF_8));
            return cipher.doFinal(text);
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("a remembered answer can't be sealed or opened", e);
        }
    }
}
