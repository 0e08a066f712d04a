package ai.in10nt.log;

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

/** What this service is told at start. */
@ConfigMapping(prefix = "logs")
interface LogConfig {
    /** Folder of the keys that this service needs. */
    Path keyset();

    /** How long lines are kept; whole days. */
    @WithDefault("7d")
    Duration keep();

    /** How long a reader may take nothing before it is closed with {@code overrun}. */
    @WithDefault("30s")
    Duration patience();

    /** How many readers of streams one replica has at most. */
    @WithDefault("8192")
    int mostReaders();

    /** Makes the access to agent servers from the key file. */
    @Singleton
    class Keys {
        @Produces
        @Singleton
        AgentAccess agentAccess(LogConfig config) {
            try {
                return new AgentAccess(Files.readString(config.keyset().resolve("agent-access.key")));
            } catch (IOException e) {
                throw new UncheckedIOException("the agent-access key", e);
            }
        }
    }
}
