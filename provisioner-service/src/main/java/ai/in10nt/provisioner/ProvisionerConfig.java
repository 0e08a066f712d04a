package ai.in10nt.provisioner;

import io.smallrye.config.ConfigMapping;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** Where machines come from and what they get. Documented in the module's README. */
@ConfigMapping(prefix = "provisioner")
interface ProvisionerConfig {
    Fly fly();

    /** The image of an OpenCode machine, as Fly names images. */
    String image();

    Boot boot();

    Watch watch();

    /** Folder of the keys that this service needs. */
    Path keyset();

    /** The model providers that agents may use: a JSON object, name to {@code {baseUrl, apiKey, …}}. A 0600 file. */
    Path providers();

    /** The Fly Machines API. */
    interface Fly {
        String url();

        String app();

        /** The organisation that the app is created in where it doesn't exist. */
        String org();

        String token();

        /** Where to look for room, in this order from the asked one on, and round again until the deadline. */
        List<String> regions();

        /** Address of the agent server: {@code {machine}}, {@code {app}} and {@code {private_ip}} are replaced. */
        String agentUrl();
    }

    /** A machine that isn't healthy by then has failed. */
    interface Boot {
        Duration deadline();
    }

    /** How often all machines are listed, to find those that went away by themselves. */
    interface Watch {
        Duration every();

        /** How often what belongs to nothing is looked for and destroyed. */
        Duration sweep();
    }
}
