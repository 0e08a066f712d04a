package ai.in10nt.bundles.discord;

import ai.in10nt.bundles.Answers;
import ai.in10nt.bundles.Bundle;
import ai.in10nt.bundles.Variable;
import ai.in10nt.bundles.Verification;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** <a href="https://discord.com/developers/docs/resources/user#get-current-user">Get Current User</a>, as the bot. */
public final class Discord {
    private static final String TOKEN = "DISCORD_BOT_TOKEN";
    private static final String SNOWFLAKE = "\\d{17,20}";

    private static final Verification USER = new Verification(
            "discord",
            "https://discord.com",
            Set.of(TOKEN),
            values -> List.of(Verification.Request.get(
                    "/api/v10/users/@me",
                    // Discord answers 403 to a request without.
                    Map.of(
                            "Authorization",
                            "Bot " + values.get(TOKEN),
                            "User-Agent",
                            "DiscordBot (https://github.com/in10nt, 1)"))),
            reply -> Verification.byStatus(reply, Answers.text(reply, "message")));

    public static final Bundle BUNDLE = Bundle.of(
                    "Discord",
                    USER,
                    Variable.secret(TOKEN)
                            .usually(
                                    "[\\w-]{20,}\\.[\\w-]{5,}\\.[\\w-]{20,}",
                                    "should have three parts with dots between"),
                    Variable.plain("DISCORD_GUILD_ID").usually(SNOWFLAKE, "should be a snowflake: 17 to 20 digits"),
                    Variable.plain("DISCORD_CHANNEL_ID").usually(SNOWFLAKE, "should be a snowflake: 17 to 20 digits"))
            .onlyFor("moltbot");

    private Discord() {}
}
