package ai.in10nt.gateway;

import io.smallrye.config.ConfigMapping;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** What the gateway is told at start. Documented in the module's README. */
@ConfigMapping(prefix = "gateway")
interface GatewayConfig {
    /** How long a request is held for the settled state, where it doesn't say so itself. */
    Duration hold();

    /** Folder of the keys that the gateway needs. */
    Path keyset();

    /** A file with the first API key, of the operator: one line, the key itself. Only its hash is stored. */
    Optional<Path> firstKey();

    /** Where task-service's replicas answer for what events have only the beginning of. */
    List<String> taskServices();

    /** Where log-service's replicas answer. */
    List<String> logServices();

    /**
     * Servers in instances have hosts of their own under it: {@code {port}-{id}.<domain>}, which must lead here. Absent: only
     * {@code /instances/{id}/proxy/{port}/} does.
     */
    Optional<String> previewDomain();

    /** Where clients reach this API, for the addresses in answers; absent: as the request came. */
    Optional<String> publicUrl();
}
