package ai.in10nt.stack;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.Security;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The stack as containers: what must be made before they start, and what is made in Kafka when it runs. Each container has a volume with
 * its own configuration; one more, which no service has, keeps what all of it is made from.
 */
public final class Containers {
    private static final Path STATE = Path.of("/state");
    private static final Path CONFIG = Path.of("/config");
    private static final Path PROVIDERS = Path.of("/run/secrets/providers");

    private Containers() {}

    public static void main(String[] arguments) throws Exception {
        var words = List.of(arguments);
        try {
            switch (words.isEmpty() ? "" : words.getFirst()) {
                // For images: keys that nobody uses, what services share, and the archive of its classes.
                case "keys" -> new Home(Path.of(words.get(1))).makeKeys();
                case "collect" -> collect(archive(words), paths(words));
                case "archive" -> archive(words).make(paths(words));
                case "prepare" -> prepare(System.getenv());
                case "topics" -> topics();
                case "rotate-keys" -> rotateKeys(System.getenv(), words.contains("--due"));
                case "show" -> show(System.getenv());
                case "traces" -> Traces.run(System.getenv());
                default -> throw new Stack.Trouble("usage: prepare | topics | rotate-keys [--due] | show | traces");
            }
        } catch (Stack.Trouble e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static ClassArchive archive(List<String> words) {
        return new ClassArchive(Path.of(words.get(1)), "classes");
    }

    private static List<Path> paths(List<String> words) {
        return words.stream().skip(2).map(Path::of).toList();
    }

    /** From services, of some of which only what Quarkus has changed may be there; says the class path of what was collected. */
    private static void collect(ClassArchive archive, List<Path> apps) throws IOException {
        var jars = new ArrayList<Jars>();
        for (var app : apps) {
            jars.add(Files.exists(app.resolve("lib")) ? Jars.ofService(app) : Jars.changedInService(app));
        }
        archive.collect(jars);
        System.out.println(archive.classPath());
    }

    private static void prepare(Map<String, String> env) throws IOException {
        var home = new Home(STATE);
        Settings.rotateKeysEvery(env);
        home.makeKeys();
        home.secret("secrets/api-key", () -> "in10nt_" + home.random(32));
        new ContainerFiles(home, CONFIG, env).write(Files.readString(PROVIDERS));
        System.out.println("keys, passwords and configuration are there");
    }

    private static void topics() {
        var home = new Home(STATE);
        var internal = KafkaAccess.internal(home);
        KafkaAccess.await(internal);
        Topics.create(internal);
        KafkaAccess.grantReader(internal, home.password("kafka-events"));
        System.out.println("topics and the reader of events are there");
    }

    /** @param whenDue only if they are old enough */
    private static void rotateKeys(Map<String, String> env, boolean whenDue) {
        var home = new Home(STATE);
        var every = Settings.rotateKeysEvery(env);
        if (whenDue
                && (every.isZero()
                        || Instant.now().isBefore(KeyRotation.last(home).plus(every)))) {
            return;
        }
        // A service that was started again has another address.
        Security.setProperty("networkaddress.cache.ttl", "0");
        Security.setProperty("networkaddress.cache.negative.ttl", "0");
        KeyRotation.run(home, holders(new ContainerFiles(home, CONFIG, env)), System.out::println);
    }

    private static KeyHolders holders(ContainerFiles files) {
        return new KeyHolders() {
            @Override
            public List<String> metrics(String module) {
                try {
                    return Arrays.stream(InetAddress.getAllByName(module))
                            .map(address -> "http://" + address.getHostAddress() + ":8080" + Metrics.path(module))
                            .toList();
                } catch (UnknownHostException nobody) {
                    return List.of();
                }
            }

            @Override
            public void hand(String name) {
                files.hand(name);
            }
        };
    }

    /** What users need: the address, the first key, and who reads events. */
    private static void show(Map<String, String> env) {
        var home = new Home(STATE);
        System.out.printf(
                """
                API        http://127.0.0.1:%s
                API key    %s
                Kafka      127.0.0.1:%s, SASL_PLAINTEXT, SCRAM-SHA-512, reads events and lines and nothing else
                user       %s
                password   %s
                """,
                env.getOrDefault("IN10NT_PORT", "8080"),
                home.secret("secrets/api-key", () -> ""),
                env.getOrDefault("IN10NT_KAFKA_PORT", "9094"),
                KafkaAccess.READER,
                home.password("kafka-events"));
    }
}
