package ai.in10nt.bundles.notion;

import ai.in10nt.bundles.Answers;
import ai.in10nt.bundles.Bundle;
import ai.in10nt.bundles.Variable;
import ai.in10nt.bundles.Verification;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** <a href="https://developers.notion.com/reference/get-self">Retrieve your token's bot user</a>. */
public final class Notion {
    private static final String TOKEN = "NOTION_API_TOKEN";

    private static final Verification SELF = new Verification(
            "notion",
            "https://api.notion.com",
            Set.of(TOKEN),
            values -> List.of(Verification.Request.get(
                    "/v1/users/me",
                    Map.of(
                            "Authorization",
                            Verification.bearer(values.getOrDefault(TOKEN, "")),
                            "Notion-Version",
                            "2022-06-28"))),
            reply -> Verification.byStatus(reply, Answers.text(reply, "message")));

    public static final Bundle BUNDLE = Bundle.of(
            "Notion", SELF, Variable.secret(TOKEN).usually("(ntn_|secret_).+", "should begin with ntn_ or secret_"));

    private Notion() {}
}
