package ai.in10nt.stories;

import static java.util.stream.Collectors.toMap;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ai.in10nt.chaos.Docker;
import ai.in10nt.contracts.Topic;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.model.Bind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.parallel.Isolated;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.startupcheck.OneShotStartupCheckStrategy;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.kafka.KafkaContainer;
import org.testcontainers.lifecycle.Startables;
import org.testcontainers.postgresql.PostgreSQLContainer;
import org.testcontainers.utility.MountableFile;

/**
 * The services' images by themselves, as an operator runs them who has a Kafka and a PostgreSQL already: a Kafka that asks nobody who he is,
 * settings by the environment, and no machines.
 */
@EnabledIfEnvironmentVariable(
        named = "IN10NT_TEST_DRIVER",
        matches = "docker",
        disabledReason = "containers: ./dev test asks for it where a Docker engine answers")
@Isolated
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class ServicesStory {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final List<String> CONSUMERS =
            List.of("api-gateway", "provisioner-service", "task-service", "log-service", "integration-service");

    private static final String VOLUME =
            "in10nt-services-" + ProcessHandle.current().pid() + "-";
    private static final Network NETWORK = Network.newNetwork();

    private static final PostgreSQLContainer POSTGRESQL = new PostgreSQLContainer("postgres:17")
            .withNetwork(NETWORK)
            .withNetworkAliases("postgres")
            .withUsername("postgres")
            .withDatabaseName("postgres")
            .withCopyFileToContainer(
                    MountableFile.forHostPath(TestStack.ROOT.resolve("docker/databases.sh"), 0755),
                    "/docker-entrypoint-initdb.d/databases.sh")
            .withCreateContainerCmdModifier(mount("postgres", "/run/in10nt:ro"))
            .waitingFor(Wait.forSuccessfulCommand("pg_isready -q -h 127.0.0.1 -U postgres"))
            .withStartupTimeout(PATIENCE);

    private static final KafkaContainer KAFKA = new KafkaContainer("apache/kafka:4.1.2")
            .withNetwork(NETWORK)
            .withListener("kafka:19092")
            .withEnv("KAFKA_HEAP_OPTS", "-Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1")
            .withEnv("KAFKA_AUTO_CREATE_TOPICS_ENABLE", "false")
            .withStartupTimeout(PATIENCE);

    private static final Map<String, GenericContainer<?>> SERVICES =
            CONSUMERS.stream().collect(toMap(name -> name, ServicesStory::service));

    /** One volume for each container's secrets, as docker-compose.yml has it. */
    private static Consumer<CreateContainerCmd> mount(String name, String path) {
        return command -> {
            var host = Objects.requireNonNull(command.getHostConfig());
            var binds = new ArrayList<>(List.of(host.getBinds()));
            binds.add(Bind.parse(VOLUME + name + ":" + path));
            host.withBinds(binds);
        };
    }

    private static GenericContainer<?> service(String name) {
        return new GenericContainer<>("in10nt/" + name + ":local")
                .withNetwork(NETWORK)
                .withNetworkAliases(name)
                .withExposedPorts(8080)
                .withCreateContainerCmdModifier(mount(name, "/run/in10nt:ro"))
                .withEnv("SMALLRYE_CONFIG_LOCATIONS", "/run/in10nt/application.properties")
                .withEnv("KAFKA_BOOTSTRAP_SERVERS", "kafka:19092")
                .withEnv("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT")
                .waitingFor(Wait.forHealthcheck())
                .withStartupTimeout(PATIENCE);
    }

    @BeforeAll
    static void start() throws ExecutionException, InterruptedException {
        var setup = new GenericContainer<>("in10nt/setup:local")
                .withCommand("prepare")
                .withCopyFileToContainer(
                        MountableFile.forHostPath(TestStack.ROOT.resolve("docker/no-providers.json")),
                        "/run/secrets/providers")
                .withCreateContainerCmdModifier(mount("postgres", "/config/postgres"))
                .withStartupCheckStrategy(new OneShotStartupCheckStrategy().withTimeout(PATIENCE));
        CONSUMERS.forEach(name -> setup.withCreateContainerCmdModifier(mount(name, "/config/" + name)));
        try (setup) {
            setup.start();
        }
        Startables.deepStart(POSTGRESQL, KAFKA).get();
        try (var admin = admin()) {
            admin.createTopics(Arrays.stream(Topic.values())
                            .map(topic -> new NewTopic(topic.topicName(), Topic.PARTITIONS, (short) 1)
                                    .configs(topic.config()))
                            .toList())
                    .all()
                    .get();
        }
        Startables.deepStart(SERVICES.values()).get();
    }

    @AfterAll
    static void stop() {
        SERVICES.values().forEach(GenericContainer::stop);
        KAFKA.stop();
        POSTGRESQL.stop();
        NETWORK.close();
        Docker.docker("volume", "ls", "-q", "-f", "name=" + VOLUME)
                .lines()
                .forEach(volume -> Docker.docker("volume", "rm", "-f", volume));
    }

    private static GenericContainer<?> container(String service) {
        return Objects.requireNonNull(SERVICES.get(service));
    }

    private static Client gateway() {
        String key = container("api-gateway")
                .copyFileFromContainer(
                        "/run/in10nt/api-key", in -> new String(in.readAllBytes(), StandardCharsets.UTF_8));
        return new Client(url("api-gateway"), key);
    }

    private static String url(String service) {
        var container = container(service);
        return "http://" + container.getHost() + ":" + container.getMappedPort(8080);
    }

    private static Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", KAFKA.getBootstrapServers()));
    }

    private static int members(Admin admin, String group) throws ExecutionException, InterruptedException {
        var groups = admin.describeConsumerGroups(List.of(group)).all().get();
        return Objects.requireNonNull(groups.get(group)).members().size();
    }

    /** All that a topic has about an aggregate. */
    private static List<ConsumerRecord<byte[], byte[]>> records(Topic topic, String about) {
        var properties = Map.<String, Object>of(
                "bootstrap.servers",
                KAFKA.getBootstrapServers(),
                "isolation.level",
                "read_committed",
                "auto.offset.reset",
                "earliest");
        var found = new ArrayList<ConsumerRecord<byte[], byte[]>>();
        try (var consumer = new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            var partitions = consumer.partitionsFor(topic.topicName()).stream()
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            consumer.assign(partitions);
            var ends = consumer.endOffsets(partitions);
            while (partitions.stream()
                    .anyMatch(
                            partition -> consumer.position(partition) < Objects.requireNonNull(ends.get(partition)))) {
                for (var each : consumer.poll(Duration.ofMillis(100))) {
                    if (new String(each.key(), StandardCharsets.UTF_8).equals(about)) {
                        found.add(each);
                    }
                }
            }
        }
        return found;
    }

    private static String header(ConsumerRecord<byte[], byte[]> message, String name) {
        var header = message.headers().lastHeader(name);
        return header == null ? "" : new String(header.value(), StandardCharsets.UTF_8);
    }

    @Test
    @Order(1)
    void each_waits_for_its_part_of_every_topic() throws Exception {
        try (var admin = admin()) {
            for (var group : CONSUMERS) {
                await(group + " has joined").atMost(PATIENCE).until(() -> members(admin, group) == 1);
            }
        }
    }

    @Test
    @Order(2)
    void a_command_is_answered_once_however_often_it_comes() throws Exception {
        var created = gateway()
                .send(
                        "POST",
                        "/instances",
                        "{\"name\":\"alone\",\"description\":\"without machines\"}",
                        "Content-Type",
                        "application/json",
                        "Prefer",
                        "respond-async");
        assertThat(created.status()).as(created.toString()).isEqualTo(202);
        String id = created.text("instanceId");
        var command = records(Topic.INSTANCE_COMMANDS, id).getFirst();
        container("provisioner-service")
                .getDockerClient()
                .killContainerCmd(container("provisioner-service").getContainerId())
                .exec();
        try (var producer = new KafkaProducer<>(
                Map.of("bootstrap.servers", KAFKA.getBootstrapServers(), "acks", "all"),
                new ByteArraySerializer(),
                new ByteArraySerializer())) {
            for (int again = 0; again < 3; again++) {
                producer.send(new ProducerRecord<>(
                                command.topic(), null, command.key(), command.value(), command.headers()))
                        .get();
            }
        }
        container("provisioner-service")
                .getDockerClient()
                .startContainerCmd(container("provisioner-service").getContainerId())
                .exec();
        var deleted = gateway().send("DELETE", "/instances/" + id, null, "Prefer", "respond-async");
        assertThat(deleted.status()).as(deleted.toString()).isLessThan(300);
        await("all commands are answered")
                .atMost(PATIENCE)
                .untilAsserted(() -> assertThat(records(Topic.INSTANCE_EVENTS, id))
                        .extracting(event -> header(event, "ce_type"))
                        .contains("instance.destroying"));
        assertThat(records(Topic.INSTANCE_EVENTS, id))
                .filteredOn(event -> header(event, "ce_causationid").equals(header(command, "ce_id")))
                .extracting(event -> header(event, "ce_type"))
                .containsExactly("instance.provisioning");
    }

    @Test
    @Order(3)
    void without_postgresql_it_is_not_ready_and_with_it_again_it_is() {
        var client = new Client(url("task-service"), "");
        var docker = POSTGRESQL.getDockerClient();
        docker.pauseContainerCmd(POSTGRESQL.getContainerId()).exec();
        try {
            await("it isn't ready")
                    .atMost(PATIENCE)
                    .until(() -> client.get("/q/health/ready").status() == 503);
        } finally {
            docker.unpauseContainerCmd(POSTGRESQL.getContainerId()).exec();
        }
        await("it is ready")
                .atMost(PATIENCE)
                .until(() -> client.get("/q/health/ready").status() == 200);
    }

    @Test
    @Order(4)
    void who_is_told_to_stop_leaves_its_group_at_once() throws Exception {
        try (var admin = admin()) {
            for (var service : CONSUMERS) {
                var docker = container(service).getDockerClient();
                String id = container(service).getContainerId();

                docker.stopContainerCmd(id).withTimeout(20).exec();

                // By a signal, in time: neither ended by force (137) nor by an error.
                assertThat(docker.inspectContainerCmd(id).exec().getState().getExitCodeLong())
                        .as(service)
                        .isIn(0L, 143L);
                assertThat(members(admin, service)).as(service).isZero();
            }
        }
    }
}
