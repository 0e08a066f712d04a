package ai.in10nt.bundles.jira;

import ai.in10nt.bundles.Answers;
import ai.in10nt.bundles.Bundle;
import ai.in10nt.bundles.Variable;
import ai.in10nt.bundles.Verification;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * <a href="https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-myself/">Get current user</a>, with e-mail and API
 * token; a Jira Server has the second version only.
 */
public final class Jira {
    private static final String BASE_URL = "JIRA_BASE_URL";
    private static final String EMAIL = "JIRA_EMAIL";
    private static final String TOKEN = "JIRA_API_TOKEN";

    private static final Verification MYSELF = new Verification(
            "jira",
            "{" + BASE_URL + "}",
            Set.of(BASE_URL, EMAIL, TOKEN),
            values -> {
                var headers = Map.of(
                        "Authorization",
                        Verification.basic(values.getOrDefault(EMAIL, ""), values.getOrDefault(TOKEN, "")),
                        "Accept",
                        "application/json");
                return List.of(
                        Verification.Request.get("/rest/api/3/myself", headers),
                        Verification.Request.get("/rest/api/2/myself", headers));
            },
            reply -> Verification.byStatus(reply, Answers.firstOrText(reply, "errorMessages")));

    public static final Bundle BUNDLE = Bundle.of(
            "Jira",
            MYSELF,
            Variable.url(BASE_URL),
            Variable.plain(EMAIL).usually("[^@\\s]+@[^@\\s]+", "should be an e-mail address"),
            Variable.secret(TOKEN));

    private Jira() {}
}
