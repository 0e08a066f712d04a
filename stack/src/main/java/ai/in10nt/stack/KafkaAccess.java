package ai.in10nt.stack;

import ai.in10nt.contracts.Topic;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ScramCredentialInfo;
import org.apache.kafka.clients.admin.ScramMechanism;
import org.apache.kafka.clients.admin.UserScramCredentialUpsertion;
import org.apache.kafka.common.acl.AccessControlEntry;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.acl.AclPermissionType;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/** Who may do what at the broker of the containers: our services everything, one principal for outsiders reads events. */
final class KafkaAccess {
    /** Of the services, on the listener that only containers reach. */
    static final String SERVICES = "in10nt";
    /** Of outsiders. */
    static final String READER = "events";

    /** Its consumer groups have names of their own. */
    private static final String GROUPS = "events";

    private static final Duration PATIENCE = Duration.ofMinutes(2);
    private static final int ITERATIONS = 8192;

    private KafkaAccess() {}

    /** What its topics are: facts, and lines of logs. No commands, replies or dead letters. */
    static List<String> readable() {
        return Stream.of(Topic.values())
                .map(Topic::topicName)
                .filter(name -> name.endsWith(".events") || name.equals(Topic.LOG_LINES.topicName()))
                .toList();
    }

    /** As a service connects. */
    static Map<String, Object> internal(Home home) {
        return Map.of(
                "bootstrap.servers",
                "kafka:9092",
                "security.protocol",
                "SASL_PLAINTEXT",
                "sasl.mechanism",
                "PLAIN",
                "sasl.jaas.config",
                jaas(home),
                "request.timeout.ms",
                2000,
                "default.api.timeout.ms",
                4000);
    }

    static String jaas(Home home) {
        return "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"" + SERVICES
                + "\" password=\"" + home.password("kafka-services") + "\";";
    }

    static void await(Map<String, Object> settings) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!Topics.areReachable(settings)) {
            if (System.nanoTime() > deadline) {
                throw new Stack.Trouble("Kafka doesn't answer within " + PATIENCE.toSeconds() + " s");
            }
            try {
                TimeUnit.MILLISECONDS.sleep(200);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }

    static void grantReader(Map<String, Object> settings, String password) {
        var bindings = new ArrayList<AclBinding>();
        for (var topic : readable()) {
            bindings.add(allow(ResourceType.TOPIC, topic, PatternType.LITERAL, AclOperation.READ));
            bindings.add(allow(ResourceType.TOPIC, topic, PatternType.LITERAL, AclOperation.DESCRIBE));
        }
        bindings.add(allow(ResourceType.GROUP, GROUPS, PatternType.PREFIXED, AclOperation.READ));
        try (var admin = Admin.create(settings)) {
            admin.alterUserScramCredentials(List.of(new UserScramCredentialUpsertion(
                            READER,
                            new ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, ITERATIONS),
                            password.getBytes(StandardCharsets.UTF_8))))
                    .all()
                    .get(20, TimeUnit.SECONDS);
            admin.createAcls(bindings).all().get(20, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new IllegalStateException("the reader of events can't be made", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static AclBinding allow(ResourceType type, String name, PatternType pattern, AclOperation operation) {
        return new AclBinding(
                new ResourcePattern(type, name, pattern),
                new AccessControlEntry("User:" + READER, "*", operation, AclPermissionType.ALLOW));
    }
}
