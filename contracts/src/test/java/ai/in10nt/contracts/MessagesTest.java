package ai.in10nt.contracts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Contracts are append-only: each message has a golden file that must stay readable and be written the same way, and the page for
 * consumers is generated from the same samples. {@code -Dcontracts.update=true} writes both anew.
 */
class MessagesTest {
    private static final Path GOLDEN = Path.of("src/test/resources/golden");
    private static final Path PAGE = Path.of("../docs/messages.md");
    private static final boolean UPDATE = Boolean.getBoolean("contracts.update");

    private static final Instant AT = Instant.parse("2026-11-24T12:00:00Z");
    private static final InstanceId INSTANCE = new InstanceId("inst_01m86rnnxedwz1br0chx7w5g6r");
    private static final TaskId TASK = new TaskId("task_01m86rnwdhckzyk0dgkyry9knf");

    /** A message's type, its sample and the class to read it back with. */
    record Sample(String type, Topic topic, Object data, Class<?> as) {
        @Override
        public String toString() {
            return type;
        }
    }

    private static InstanceData instance(InstanceStatus status) {
        return new InstanceData(
                INSTANCE,
                "my-agent",
                status,
                status == InstanceStatus.HEALTHY ? "http://127.90.0.1:3000" : null,
                AT,
                "My coding agent",
                "iad",
                "shared-cpu-4x",
                Map.of("API_KEY", "***"),
                "opencode",
                List.of(),
                Map.of("team", "blue"),
                AT,
                1,
                1024,
                30,
                120,
                status == InstanceStatus.FAILED ? new Failure("boot_timeout", "The agent wasn't ready.") : null);
    }

    private static TaskData task(TaskState state) {
        boolean isOver = state.isOver();
        return new TaskData(
                TASK,
                INSTANCE,
                state.status(),
                state,
                "Build a REST API",
                null,
                state == TaskState.COMPLETED ? "Done." : null,
                null,
                isOver ? 15432 : 0,
                isOver ? new Usage(15432, 15000, 432, 3, 0.0514) : null,
                isOver ? 45230L : null,
                isOver ? "msg_01m86rnwdhckzyk0dgkyry9knf" : null,
                isOver ? List.of("write", "bash") : List.of(),
                AT,
                state == TaskState.QUEUED ? null : AT,
                isOver ? AT : null,
                state == TaskState.QUEUED ? 0 : 1,
                isOver && state != TaskState.COMPLETED ? new Failure("timeout", "It took too long.") : null);
    }

    private static IntegrationData integrations(IntegrationEvent.Type type) {
        boolean isVerified = type != IntegrationEvent.Type.CHANGED;
        return new IntegrationData(
                INSTANCE,
                List.of(
                        new IntegrationData.Integration(
                                "GitHub",
                                IntegrationData.Status.READY,
                                List.of("GITHUB_TOKEN"),
                                List.of(),
                                List.of(new IntegrationData.Warning("GITHUB_TOKEN", "should begin with ghp_")),
                                isVerified ? AT : null,
                                null),
                        new IntegrationData.Integration(
                                "Notion",
                                IntegrationData.Status.INCOMPLETE,
                                List.of(),
                                List.of("NOTION_API_TOKEN"),
                                List.of(),
                                null,
                                null)),
                type == IntegrationEvent.Type.APPLIED ? IntegrationData.Applied.TRUE : IntegrationData.Applied.PENDING,
                isVerified ? null : true,
                AT);
    }

    static List<Sample> samples() {
        var samples = new ArrayList<Sample>();
        List<InstanceCommand> commands = List.of(
                new InstanceCommand.Create(
                        INSTANCE,
                        "my-agent",
                        "My coding agent",
                        "opencode",
                        "shared-cpu-4x",
                        "iad",
                        List.of("API_KEY"),
                        "c2VhbGVk",
                        Map.of("team", "blue"),
                        30,
                        120,
                        true,
                        List.of("GitHub")),
                new InstanceCommand.Start(INSTANCE),
                new InstanceCommand.Stop(INSTANCE),
                new InstanceCommand.Restart(INSTANCE),
                new InstanceCommand.Destroy(INSTANCE));
        commands.forEach(command -> samples.add(
                new Sample(InstanceCommand.typeOf(command), Topic.INSTANCE_COMMANDS, command, command.getClass())));
        for (var type : InstanceEvent.Type.values()) {
            var status = switch (type) {
                case RESTARTING -> InstanceStatus.STARTING;
                case UPDATED -> InstanceStatus.HEALTHY;
                default -> InstanceStatus.valueOf(type.name());
            };
            samples.add(new Sample(
                    type.text(), Topic.INSTANCE_EVENTS, new InstanceEvent(7, instance(status)), InstanceEvent.class));
        }
        var run = new TaskCommand.Run(
                TASK,
                INSTANCE,
                7,
                "Build a REST API",
                new TaskCommand.RunOptions(
                        "anthropic/claude-sonnet-4.5",
                        "openrouter",
                        480_000,
                        8000,
                        "Be brief.",
                        true,
                        1,
                        List.of("write", "bash"),
                        List.of(new TaskCommand.McpServer(
                                "docs", "https://mcp.example/mcp", Map.of("Authorization", "Bearer ${DOCS_TOKEN}"))),
                        List.of(new TaskCommand.HttpTool(
                                "get_weather",
                                "The weather of a city.",
                                Json.read("{\"type\":\"object\"}", JsonNode.class),
                                "https://weather.example/now",
                                Map.of()))));
        samples.add(new Sample(TaskCommand.typeOf(run), Topic.TASK_COMMANDS, run, TaskCommand.Run.class));
        var cancel = new TaskCommand.Cancel(TASK, INSTANCE);
        samples.add(new Sample(TaskCommand.typeOf(cancel), Topic.TASK_COMMANDS, cancel, TaskCommand.Cancel.class));
        for (var state : TaskState.values()) {
            samples.add(new Sample(
                    TaskEvent.typeOf(state), Topic.TASK_EVENTS, new TaskEvent(3, task(state)), TaskEvent.class));
        }
        var set = new IntegrationCommand.Set(INSTANCE, List.of("GitHub"), List.of("GITHUB_TOKEN"), "c2VhbGVk", true);
        samples.add(new Sample(
                IntegrationCommand.typeOf(set), Topic.INTEGRATION_COMMANDS, set, IntegrationCommand.Set.class));
        for (var type : IntegrationEvent.Type.values()) {
            samples.add(new Sample(
                    type.text(),
                    Topic.INTEGRATION_EVENTS,
                    new IntegrationEvent(2, integrations(type)),
                    IntegrationEvent.class));
        }
        samples.add(new Sample(
                LogLines.TYPE,
                Topic.LOG_LINES,
                new LogLines(
                        INSTANCE,
                        List.of(
                                new LogLine(41, "tool", "run", "bash {\"command\":\"npm test\"}", AT, TASK.value()),
                                new LogLine(42, "stdout", "execute", "all tests passed", AT, null))),
                LogLines.class));
        samples.add(
                new Sample(LogLines.Ended.TYPE, Topic.LOG_LINES, new LogLines.Ended(INSTANCE), LogLines.Ended.class));
        var stop = new Reply.Command("cmd_01m86rnwdhckzyk0dgkyry9knf", "instance.stop");
        samples.add(new Sample(
                "instance.unchanged",
                Topic.REPLIES,
                Reply.unchanged(stop, instance(InstanceStatus.STOPPED)),
                Reply.class));
        samples.add(new Sample(
                "instance.refused",
                Topic.REPLIES,
                Reply.refused(stop, new Failure("instance_destroyed", "The instance was destroyed.")),
                Reply.class));
        var refusedRun = new Reply.Command("cmd_01m86rnwdhckzyk0dgkyry9knf", "task.run");
        samples.add(new Sample(
                "task.refused",
                Topic.REPLIES,
                Reply.refused(refusedRun, new Failure("instance_stopped", "The instance is stopped.")),
                Reply.class));
        return samples;
    }

    private static String pretty(Object data) throws IOException {
        return Json.MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(data) + "\n";
    }

    @ParameterizedTest
    @MethodSource("samples")
    void each_message_is_written_as_its_golden_file_and_read_back(Sample sample) throws IOException {
        var file = GOLDEN.resolve(sample.type() + ".json");
        if (UPDATE) {
            Files.createDirectories(GOLDEN);
            Files.writeString(file, pretty(sample.data()));
        }

        assertThat(file).exists();
        assertThat(pretty(sample.data())).isEqualTo(Files.readString(file));
        assertThat(Json.read(Files.readString(file), sample.as())).isEqualTo(sample.data());
    }

    @Test
    void no_golden_file_is_without_its_message() throws IOException {
        try (var files = Files.list(GOLDEN)) {
            assertThat(files.map(file -> file.getFileName().toString().replace(".json", "")))
                    .containsExactlyInAnyOrderElementsOf(
                            samples().stream().map(Sample::type).toList());
        }
    }

    @ParameterizedTest
    @MethodSource("samples")
    void unknown_fields_are_ignored(Sample sample) throws IOException {
        var json = pretty(sample.data()).replaceFirst("\\{", "{\"addedLater\":{\"a\":[1]},");

        assertThat(Json.read(json, sample.as())).isEqualTo(sample.data());
    }

    @Test
    void a_record_is_a_cloudevent_in_binary_mode() {
        var message = new Message(
                "evt_1",
                "instance.healthy",
                "/provisioner-service",
                INSTANCE.value(),
                AT,
                "acme",
                7L,
                "cmd_1",
                null,
                "{}".getBytes(StandardCharsets.UTF_8));

        assertThat(message.headers().entrySet())
                .map(Object::toString)
                .containsExactly(
                        "ce_specversion=1.0",
                        "ce_id=evt_1",
                        "ce_type=instance.healthy",
                        "ce_source=/provisioner-service",
                        "ce_subject=" + INSTANCE,
                        "ce_time=2026-11-24T12:00:00Z",
                        "ce_tenant=acme",
                        "ce_revision=7",
                        "ce_causationid=cmd_1",
                        "content-type=application/json");
    }

    @Test
    void a_record_without_a_header_is_refused_by_its_name() {
        assertThatThrownBy(() -> Message.from(_ -> null, new byte[0])).hasMessageContaining("ce_id");
        assertThatThrownBy(() -> Message.from(_ -> null, null)).hasMessageContaining("no value");
    }

    @Test
    void the_page_for_consumers_is_true() throws IOException {
        var page = page();
        if (UPDATE) {
            Files.writeString(PAGE, page);
        }

        assertThat(PAGE).as("run with -Dcontracts.update=true").content().isEqualTo(page);
    }

    private static String page() throws IOException {
        var page = new StringBuilder("""
                # Messages

                Generated from the code in `contracts` by its test; don't edit.

                Every record is a [CloudEvent](https://cloudevents.io) 1.0 in binary mode: attributes are headers, the value is JSON.
                The key is the id of the aggregate (instance or task); the partition is chosen by the instance's id, so everything
                about one instance is in order. A record may be seen twice, then with the same `ce_id` and the same bytes; drop
                revisions that you have seen. Skip types that you don't know. A record without a value, of the type
                `instance.forgotten`, is the last one of an instance that was destroyed a week ago: drop what you know of it. Lines of a log
                are known by their ids, which rise with each line of an instance: a line may come again in a record that is cut otherwise.

                | header | |
                |---|---|
                | `ce_specversion` | `1.0` |
                | `ce_id` | unique; a command's is `cmd_…` |
                | `ce_type` | as below |
                | `ce_source` | the service that wrote it |
                | `ce_subject` | the aggregate's id, also the key |
                | `ce_time` | ISO-8601, UTC |
                | `ce_tenant` | whose it is |
                | `ce_revision` | on events: rises by one with each event of the aggregate |
                | `ce_causationid` | the command that this answers; each command is answered once, by an event or a reply |
                | `ce_requestid` | the `X-Request-Id` of the request behind it |
                | `traceparent` | W3C trace context, the same trace from the request to the agent's run |

                ## Topics

                | topic | written by the | partitions | kept | what |
                |---|---|---|---|---|
                """);
        for (var topic : Topic.values()) {
            page.append("| `%s` | %s | %d | %s | %s |%n"
                    .formatted(topic.topicName(), writer(topic), Topic.PARTITIONS, topic.keep(), topic.about()));
        }
        for (var topic : Topic.values()) {
            var types =
                    samples().stream().filter(sample -> sample.topic() == topic).toList();
            if (!types.isEmpty()) {
                page.append("%n## `%s`%n%n".formatted(topic.topicName()));
                page.append("| type | data |\n|---|---|\n");
                for (var sample : types) {
                    page.append("| `%s` | %s |%n".formatted(sample.type(), fields(sample.as())));
                }
                page.append("%nExample of `%s`:%n%n```json%n%s```%n"
                        .formatted(
                                types.getFirst().type(), pretty(types.getFirst().data())));
            }
        }
        page.append("\n## Shapes\n");
        for (var shape : List.of(
                InstanceData.class,
                TaskData.class,
                Usage.class,
                Failure.class,
                IntegrationData.class,
                IntegrationData.Integration.class,
                IntegrationData.Warning.class,
                LogLine.class,
                TaskCommand.RunOptions.class,
                TaskCommand.McpServer.class,
                TaskCommand.HttpTool.class)) {
            page.append("%n### %s%n%n%s%n".formatted(shape.getSimpleName(), fields(shape)));
        }
        return page.toString();
    }

    private static String writer(Topic topic) {
        return topic.topicName().endsWith(".commands") ? "gateway, for the " + topic.owner() : topic.owner();
    }

    private static String fields(Class<?> type) {
        return String.join(
                ", ",
                Arrays.stream(type.getRecordComponents())
                        .map(component -> "`" + jsonName(component) + "` "
                                + component.getType().getSimpleName())
                        .toList());
    }

    private static String jsonName(RecordComponent component) {
        var renamed = component.getAccessor().getAnnotation(com.fasterxml.jackson.annotation.JsonProperty.class);
        return renamed == null ? component.getName() : renamed.value();
    }
}
