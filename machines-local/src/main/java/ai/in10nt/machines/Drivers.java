package ai.in10nt.machines;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** Chooses the best driver that works here, by booting a machine with each: a setting that reads well proves nothing. */
final class Drivers {
    private Drivers() {}

    static Driver choose(Config config) {
        if (config.driver().equals("process")) {
            return new ProcessDriver(config);
        }
        if (config.driver().equals("none")) {
            return new StateOnlyDriver(config);
        }
        if (config.driver().equals("docker")) {
            var driver = new DockerDriver(config);
            probe(config, driver);
            return driver;
        }
        var reasons = new ArrayList<String>();
        for (var form : candidates()) {
            var driver = new SandboxDriver(config, form);
            try {
                probe(config, driver);
                return driver;
            } catch (Driver.StartFailed | IllegalStateException e) {
                reasons.add(form + ": " + e.getMessage());
            }
        }
        throw new IllegalStateException("no sandbox can be made here.\n  " + String.join("\n  ", reasons)
                + "\nIt needs runc, pasta (package passt), socat, nft (package nftables) and a /dev/net/tun that this user may open."
                + "\nIN10NT_DRIVER=process runs agents without any sandbox, as plain processes of yours.");
    }

    private static List<SandboxDriver.Form> candidates() {
        return isRoot()
                ? List.of(SandboxDriver.Form.ROOT)
                : List.of(SandboxDriver.Form.ROOTLESS, SandboxDriver.Form.ROOTLESS_ONE_ID);
    }

    static boolean isRoot() {
        try {
            return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid") == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static void probe(Config config, Driver driver) {
        var id = Tokens.machine();
        var now = Instant.now();
        var probe = new Machine(
                id,
                "probe",
                "probe",
                "created",
                "local",
                "0",
                config.addresses() + ".253.254",
                now,
                now,
                Json.read(
                        "{\"image\":\"" + config.docker().image()
                                + "\",\"init\":{\"exec\":[\"/bin/sh\",\"-c\",\"exit 42\"]},\"guest\":{\"memory_mb\":64}}",
                        JsonNode.class),
                List.of(),
                List.of(),
                false,
                null);
        try {
            driver.start(probe, null);
            if (Host.await(Duration.ofSeconds(10), () -> driver.exitCode(id).isPresent())
                            .isEmpty()
                    || driver.exitCode(id).getAsInt() != 42) {
                throw new Driver.StartFailed(
                        "a trial machine ended with " + driver.exitCode(id) + ", not 42: " + driver.log(id));
            }
        } finally {
            driver.remove(id);
        }
    }
}
