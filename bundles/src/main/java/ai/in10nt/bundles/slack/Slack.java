package ai.in10nt.bundles.slack;

import ai.in10nt.bundles.Answers;
import ai.in10nt.bundles.Bundle;
import ai.in10nt.bundles.Variable;
import ai.in10nt.bundles.Verification;
import ai.in10nt.bundles.Verification.Reply;
import ai.in10nt.bundles.Verification.Verdict;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** <a href="https://api.slack.com/methods/auth.test">auth.test</a>: 200 also where the token is wrong; scopes are a header. */
public final class Slack {
    private static final String TOKEN = "SLACK_BOT_TOKEN";
    /** Of its own accord a bot can do nothing with less. */
    private static final List<String> SCOPES = List.of("chat:write");

    private static final Set<String> TROUBLE =
            Set.of("ratelimited", "internal_error", "fatal_error", "service_unavailable", "request_timeout");

    private static final Verification TEST = new Verification(
            "slack",
            "https://slack.com",
            Set.of(TOKEN),
            values -> List.of(new Verification.Request(
                    "POST",
                    "/api/auth.test",
                    Map.of("Authorization", Verification.bearer(values.getOrDefault(TOKEN, ""))))),
            Slack::read);

    public static final Bundle BUNDLE = Bundle.of(
            "Slack", TEST, Variable.secret(TOKEN).usually("xoxb-.+", "should begin with xoxb-, as bot tokens do"));

    private Slack() {}

    private static Verdict read(Reply reply) {
        if (reply.status() != 200) {
            return Verification.byStatus(reply, Answers.text(reply, "error"));
        }
        if (Answers.isTrue(reply, "ok")) {
            return new Verdict.Valid(Answers.missingScopes(reply, SCOPES));
        }
        var error = Answers.text(reply, "error");
        return TROUBLE.contains(error) ? new Verdict.Unknown(error) : new Verdict.Invalid(error);
    }
}
