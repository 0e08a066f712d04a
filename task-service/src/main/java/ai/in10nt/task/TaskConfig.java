package ai.in10nt.task;

import ai.in10nt.contracts.AgentAccess;
import io.smallrye.config.ConfigMapping;
import jakarta.enterprise.inject.Produces;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this service is told at start. Documented in the module's README. */
@ConfigMapping(prefix = "tasks")
interface TaskConfig {
    /** Folder of the keys that this service needs. */
    Path keyset();

    /** Makes the access to agent servers from the key file. */
    @Singleton
    class Keys {
        @Produces
        @Singleton
        AgentAccess agentAccess(TaskConfig config) {
            try {
                return new AgentAccess(Files.readString(config.keyset().resolve("agent-access.key")));
            } catch (IOException e) {
                throw new UncheckedIOException("the agent-access key", e);
            }
        }
    }
}
