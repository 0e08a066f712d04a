package ai.in10nt.bundles;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BundlesTest {
    private static Variable variable(String name) {
        return Bundles.withVariable(name).getFirst().variable(name).orElseThrow();
    }

    @ParameterizedTest
    @CsvSource({
        "DISCORD_BOT_TOKEN, xxx, MTIzNDU2Nzg5MDEyMzQ1Njc4OQ.GabcdE.abcdefghijklmnopqrstuvwxyz-_0123456789",
        "DISCORD_GUILD_ID, 123456, 123456789012345678",
        "DISCORD_CHANNEL_ID, abc, 1234567890123456789",
        "SLACK_BOT_TOKEN, xoxp-1, xoxb-1-2-3",
        "GITHUB_TOKEN, xxx, ghp_abc",
        "GITHUB_TOKEN, token, github_pat_11ABC",
        "GITHUB_TOKEN, ghx_1, ghs_abc",
        "NOTION_API_TOKEN, xxx, ntn_abc",
        "NOTION_API_TOKEN, notion, secret_abc",
        "TELEGRAM_BOT_TOKEN, abc, 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw",
        "JIRA_BASE_URL, http://jira.example, https://example.atlassian.net",
        "JIRA_EMAIL, me, me@example.com",
        "TWILIO_ACCOUNT_SID, AC1, AC0123456789abcdef0123456789abcdef",
        "TWILIO_AUTH_TOKEN, xxx, 0123456789abcdef0123456789abcdef",
        "TWILIO_FROM_NUMBER, 0123456, +12345678901"
    })
    void what_looks_wrong_is_taken_with_a_hint_and_what_looks_right_without(String name, String odd, String usual) {
        assertThat(variable(name).impossible(odd)).isEmpty();
        assertThat(variable(name).odd(odd)).isPresent();
        assertThat(variable(name).odd(usual)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "a\nb", "a\u0000", "\u007f"})
    void what_can_not_be_right_is_said_of_every_variable_without_its_value(String value) {
        for (var bundle : Bundles.ALL) {
            for (var variable : bundle.variables()) {
                assertThat(variable.impossible(value)).as(variable.name()).isPresent();
            }
        }
        assertThat(variable("GITHUB_TOKEN").impossible("é".repeat(4097))).contains("must have at most 8 KiB");
        assertThat(variable("GITHUB_TOKEN").impossible("é".repeat(4096))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jira",
                "ftp://a",
                "https://",
                "https://user:pw@a.example",
                "https://a.example?x=1",
                "//a.example",
                "https://a b"
            })
    void an_address_must_be_one(String value) {
        assertThat(variable("JIRA_BASE_URL").impossible(value)).isPresent();
    }

    @Test
    void what_is_missing_is_named_and_optional_ones_go_together() {
        var voice = Bundles.named("Voice").orElseThrow();
        var twilio = Set.of("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM_NUMBER");

        assertThat(voice.missing(twilio)).isEmpty();
        assertThat(voice.missing(Set.of()))
                .containsExactly("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM_NUMBER");
        assertThat(voice.missing(
                        Set.of("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_FROM_NUMBER", "ELEVENLABS_VOICE_ID")))
                .containsExactly("ELEVENLABS_API_KEY");
    }

    @Test
    void names_are_unique_and_so_are_variables() {
        assertThat(Bundles.names())
                .containsExactly("Discord", "Slack", "GitHub", "Notion", "Telegram", "Jira", "Voice");
        assertThat(Bundles.ALL.stream()
                        .flatMap(bundle -> bundle.variables().stream())
                        .map(Variable::name))
                .doesNotHaveDuplicates();
        assertThat(Bundles.named("github")).isEmpty();
        assertThat(Bundles.ALL.stream().filter(bundle -> !bundle.agentTypes().contains("opencode")))
                .extracting(Bundle::name)
                .containsExactly("Discord");
    }

    @Test
    void no_text_of_a_request_shows_a_secret() {
        for (var bundle : Bundles.ALL) {
            var values = new HashMap<String, String>();
            bundle.variables().forEach(variable -> values.put(variable.name(), "hush-" + variable.name()));
            for (var verification : bundle.verifications()) {
                assertThat(verification.requests().apply(Map.copyOf(values)).toString())
                        .doesNotContain("hush");
            }
        }
    }

    @Test
    void github_is_for_git_too() {
        var environment = Bundles.named("GitHub").orElseThrow().environment().apply(Map.of("GITHUB_TOKEN", "ghp_1"));

        assertThat(environment).containsEntry("GITHUB_TOKEN", "ghp_1").containsKey("GIT_CONFIG_VALUE_0");
        assertThat(List.copyOf(environment.values()))
                .filteredOn(value -> value.contains("ghp_1"))
                .hasSize(1);
    }
}
