package ai.in10nt.bundles.github;

import ai.in10nt.bundles.Answers;
import ai.in10nt.bundles.Bundle;
import ai.in10nt.bundles.Variable;
import ai.in10nt.bundles.Verification;
import ai.in10nt.bundles.Verification.Reply;
import ai.in10nt.bundles.Verification.Verdict;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** <a href="https://docs.github.com/en/rest/users/users#get-the-authenticated-user">Get the authenticated user</a>. */
public final class GitHub {
    private static final String TOKEN = "GITHUB_TOKEN";
    /** Classic tokens say what they may; others have no such header. */
    private static final List<String> SCOPES = List.of("repo");

    /** A token of an app's installation is no user's, and is told so only where it is valid. */
    private static final String NO_USER = "Resource not accessible by integration";

    /** Asked by git for a password, says the token: it is in no file and on no command line. */
    private static final String HELPER =
            "!f() { test \"$1\" = get && printf 'username=x-access-token\\npassword=%s\\n' \"$GITHUB_TOKEN\"; }; f";

    private static final Verification USER = new Verification(
            "github",
            "https://api.github.com",
            Set.of(TOKEN),
            values -> List.of(Verification.Request.get(
                    "/user",
                    Map.of(
                            "Authorization",
                            Verification.bearer(values.getOrDefault(TOKEN, "")),
                            "Accept",
                            "application/vnd.github+json",
                            "X-GitHub-Api-Version",
                            "2022-11-28",
                            "User-Agent",
                            "in10nt"))),
            GitHub::read);

    public static final Bundle BUNDLE = Bundle.of(
                    "GitHub",
                    USER,
                    Variable.secret(TOKEN)
                            .usually(
                                    "(ghp_|github_pat_|ghs_|gho_|ghu_).+",
                                    "should begin with ghp_, github_pat_ or ghs_"))
            .withEnvironment(Map.of(
                    "GIT_CONFIG_COUNT", "1",
                    "GIT_CONFIG_KEY_0", "credential.https://github.com.helper",
                    "GIT_CONFIG_VALUE_0", HELPER));

    private GitHub() {}

    private static Verdict read(Reply reply) {
        var message = Answers.text(reply, "message");
        if (reply.status() == 200) {
            return new Verdict.Valid(Answers.missingScopes(reply, SCOPES));
        }
        if (reply.status() == 403 && message.equals(NO_USER)) {
            return Verification.valid();
        }
        if (reply.status() == 403 && "0".equals(reply.headers().get("x-ratelimit-remaining"))) {
            return new Verdict.Unknown(message);
        }
        return Verification.byStatus(reply, message);
    }
}
