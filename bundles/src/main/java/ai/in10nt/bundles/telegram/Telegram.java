package ai.in10nt.bundles.telegram;

import ai.in10nt.bundles.Answers;
import ai.in10nt.bundles.Bundle;
import ai.in10nt.bundles.Variable;
import ai.in10nt.bundles.Verification;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** <a href="https://core.telegram.org/bots/api#getme">getMe</a>; the token is in the path. */
public final class Telegram {
    private static final String TOKEN = "TELEGRAM_BOT_TOKEN";

    private static final Verification GET_ME = new Verification(
            "telegram",
            "https://api.telegram.org",
            Set.of(TOKEN),
            values -> List.of(Verification.Request.get(
                    // A colon may stand in a path, and is what the API's own examples have.
                    "/bot"
                            + Verification.encoded(values.getOrDefault(TOKEN, ""))
                                    .replace("%3A", ":") + "/getMe",
                    Map.of())),
            reply -> Verification.byStatus(reply, Answers.text(reply, "description")));

    public static final Bundle BUNDLE = Bundle.of(
            "Telegram",
            GET_ME,
            Variable.secret(TOKEN).usually("\\d+:[\\w-]{30,}", "should be digits, a colon and 35 characters"));

    private Telegram() {}
}
