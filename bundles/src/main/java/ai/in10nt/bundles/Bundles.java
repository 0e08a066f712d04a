package ai.in10nt.bundles;

import ai.in10nt.bundles.discord.Discord;
import ai.in10nt.bundles.github.GitHub;
import ai.in10nt.bundles.jira.Jira;
import ai.in10nt.bundles.notion.Notion;
import ai.in10nt.bundles.slack.Slack;
import ai.in10nt.bundles.telegram.Telegram;
import ai.in10nt.bundles.voice.Voice;
import java.util.List;
import java.util.Optional;

/** All integrations that there are. */
public final class Bundles {
    public static final List<Bundle> ALL = List.of(
            Discord.BUNDLE, Slack.BUNDLE, GitHub.BUNDLE, Notion.BUNDLE, Telegram.BUNDLE, Jira.BUNDLE, Voice.BUNDLE);

    private Bundles() {}

    public static Optional<Bundle> named(String name) {
        return ALL.stream().filter(bundle -> bundle.name().equals(name)).findFirst();
    }

    public static List<String> names() {
        return ALL.stream().map(Bundle::name).toList();
    }

    /** Those that have a variable of this name. */
    public static List<Bundle> withVariable(String variable) {
        return ALL.stream()
                .filter(bundle -> bundle.variable(variable).isPresent())
                .toList();
    }
}
