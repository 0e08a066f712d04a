package ai.in10nt.bundles.voice;

import ai.in10nt.bundles.Answers;
import ai.in10nt.bundles.Bundle;
import ai.in10nt.bundles.Variable;
import ai.in10nt.bundles.Verification;
import ai.in10nt.bundles.Verification.Reply;
import ai.in10nt.bundles.Verification.Verdict;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Twilio's <a href="https://www.twilio.com/docs/iam/api/account">Account</a>, and, where it is given, ElevenLabs' <a
 * href="https://elevenlabs.io/docs/api-reference/user/get">user</a>.
 */
public final class Voice {
    private static final String SID = "TWILIO_ACCOUNT_SID";
    private static final String TOKEN = "TWILIO_AUTH_TOKEN";
    private static final String KEY = "ELEVENLABS_API_KEY";
    private static final String VOICE = "ELEVENLABS_VOICE_ID";

    private static final Verification ACCOUNT = new Verification(
            "twilio",
            "https://api.twilio.com",
            Set.of(SID, TOKEN),
            values -> List.of(Verification.Request.get(
                    "/2010-04-01/Accounts/" + Verification.encoded(values.getOrDefault(SID, "")) + ".json",
                    Map.of(
                            "Authorization",
                            Verification.basic(values.getOrDefault(SID, ""), values.getOrDefault(TOKEN, ""))))),
            Voice::account);

    private static final Verification USER = new Verification(
            "elevenlabs",
            "https://api.elevenlabs.io",
            Set.of(KEY),
            values -> List.of(Verification.Request.get("/v1/user", Map.of("xi-api-key", values.getOrDefault(KEY, "")))),
            reply -> Verification.byStatus(reply, Answers.text(reply, "detail", "message")));

    public static final Bundle BUNDLE = Bundle.of(
                    "Voice",
                    ACCOUNT,
                    Variable.secret(SID).usually("AC[0-9a-f]{32}", "should be AC and 32 hexadecimal digits"),
                    Variable.secret(TOKEN).usually("[0-9a-f]{32}", "should have 32 hexadecimal digits"),
                    Variable.plain("TWILIO_FROM_NUMBER")
                            .usually("\\+[1-9]\\d{6,14}", "should be a number in E.164: + and up to 15 digits"),
                    Variable.secret(KEY).optional(),
                    Variable.plain(VOICE).optional())
            .together(KEY, VOICE)
            .alsoAsking(USER);

    private Voice() {}

    private static Verdict account(Reply reply) {
        var status = Answers.text(reply, "status");
        return reply.status() == 200 && !status.equals("active")
                ? new Verdict.Invalid("the account is " + status)
                : Verification.byStatus(reply, Answers.text(reply, "message"));
    }
}
