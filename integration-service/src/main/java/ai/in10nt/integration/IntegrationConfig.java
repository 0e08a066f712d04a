package ai.in10nt.integration;

import ai.in10nt.contracts.AgentAccess;
import io.smallrye.config.ConfigMapping;
import io.smallrye.config.WithDefault;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;

/** What this service is told at start. */
@ConfigMapping(prefix = "integrations")
interface IntegrationConfig {
    /** Folder of the keys that this service needs. */
    Path keyset();

    Partners partners();

    /** How the partners are asked. */
    interface Partners {
        /** Other addresses than the partners' own, by their names in lower case: GitHub Enterprise, a stand-in. */
        Map<String, String> url();

        /** Whether an address may be private, and http: for partners on the operator's own network. */
        @WithDefault("false")
        boolean allowPrivate();

        /** How long one may take to answer. */
        @WithDefault("3s")
        Duration patience();

        /** How many questions one partner is asked at once by one replica. */
        @WithDefault("32")
        int atOnce();
    }

    /** Makes the access to agent servers from the key file. */
    @Singleton
    class Keys {
        @Produces
        @Singleton
        AgentAccess agentAccess(IntegrationConfig config) {
            try {
                return new AgentAccess(Files.readString(config.keyset().resolve("agent-access.key")));
            } catch (IOException e) {
                throw new UncheckedIOException("the agent-access key", e);
            }
        }
    }
}
