package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EngineRulesTest {
    private static final String NAME = "in10nt-0123456789abcd";
    private static final String MACHINE = """
            {"Image": "in10nt/agent:local", "Labels": {"ai.in10nt.machine": "0123456789abcd", "ai.in10nt.network": "net"},
             "Tty": false, "Volumes": {}, "OpenStdin": true,
             "NetworkingConfig": {"EndpointsConfig": {"net": {"IPAMConfig": {"IPv4Address": "10.1.0.1"}, "Links": null}}},
             "HostConfig": {"NetworkMode": "net", "Memory": 1, "NanoCpus": 1, "PidsLimit": 1, "CapDrop": ["ALL"], "CapAdd": ["CHOWN"],
               "SecurityOpt": ["no-new-privileges:true"], "Privileged": null,
               "Binds": ["/at/lib/machine-init.sh:/opt/in10nt/init:ro", "/at/volumes/vol_1a/workspace:/workspace:rw"],
               "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}}}}
            """;

    private final EngineRules rules = new EngineRules("net");

    private Optional<String> refusal(String method, String target, String body) throws IOException {
        var text = method + " " + target + " HTTP/1.1\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
        var call = EngineCall.read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));
        return rules.refusal(call, "/at");
    }

    private Optional<String> refusalOfContainer(String name, String body) throws IOException {
        return refusal("POST", "/containers/create?name=" + name, body);
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /_ping, ''",
        "GET, /containers/in10nt-0123456789abcd/json, ''",
        "POST, /containers/in10nt-0123456789abcd-walls/start, ''",
        "DELETE, /containers/in10nt-0123456789abcd, force=true",
        "GET, /containers/json, filters=%7B%22label%22%3A%5B%22ai.in10nt.network%3Dnet%22%5D%7D",
        "POST, /images/create, fromImage=in10nt/agent"
    })
    void what_machines_need_is_passed_on(String method, String path, String query) throws IOException {
        assertThat(refusal(method, path + "?" + query, "")).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /containers/in10nt_kafka_1/json, ''",
        "GET, /containers/in10nt-0123456789abcd/../../info, ''",
        "POST, /v1.23/containers/in10nt-0123456789abcd/start, ''",
        "POST, /containers/in10nt_kafka_1/exec, ''",
        "GET, /containers/in10nt-0123456789abcd/archive, path=/",
        "PUT, /containers/in10nt-0123456789abcd/archive, path=/",
        "POST, /containers/in10nt-0123456789abcd/update, ''",
        "POST, /containers/in10nt-0123456789abcd/rename, name=x",
        "GET, /containers/json, ''",
        "GET, /containers/json, filters=%7B%22name%22%3A%5B%22ai.in10nt.network%3Dnet%22%5D%7D",
        "GET, /events, filters=%7B%22label%22%3A%5B%22ai.in10nt.network%3Dother%22%5D%7D",
        "POST, /containers/create, name=mine",
        "POST, /containers/create, ''",
        "POST, /images/create, fromSrc=http://x",
        "POST, /build, ''",
        "GET, /info, ''",
        "GET, /images/json, ''",
        "DELETE, /images/in10nt/agent, ''",
        "POST, /volumes/create, ''",
        "POST, /networks/create, ''",
        "POST, /swarm/init, ''",
        "POST, /plugins/pull, ''",
        "POST, /session, ''"
    })
    void everything_else_is_refused(String method, String path, String query) throws IOException {
        assertThat(refusal(method, path + "?" + query, "")).isPresent();
    }

    @Test
    void a_machine_is_made_as_the_driver_makes_it() throws IOException {
        assertThat(refusalOfContainer(NAME, MACHINE)).isEmpty();
        assertThat(refusalOfContainer("mine", MACHINE)).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{\"HostConfig\": {\"Privileged\": true}}",
                "{\"HostConfig\": {\"privileged\": true}}",
                "{\"hostconfig\": {\"Privileged\": true}}",
                "{\"HostConfig\": {\"Binds\": [\"/:/host:rw\"]}}",
                "{\"HostConfig\": {\"Binds\": [\"/at/../etc:/host:rw\"]}}",
                "{\"HostConfig\": {\"Binds\": [\"/at/volumes/vol_1/../../..:/host:rw\"]}}",
                "{\"HostConfig\": {\"Mounts\": [{\"Type\": \"bind\", \"Source\": \"/\", \"Target\": \"/host\"}]}}",
                "{\"HostConfig\": {\"NetworkMode\": \"host\"}}",
                "{\"HostConfig\": {\"NetworkMode\": \"container:in10nt-aaaaaaaaaaaaaa\"}}",
                "{\"HostConfig\": {\"PidMode\": \"host\"}}",
                "{\"HostConfig\": {\"IpcMode\": \"host\"}}",
                "{\"HostConfig\": {\"UsernsMode\": \"host\"}}",
                "{\"HostConfig\": {\"CapAdd\": [\"SYS_ADMIN\"]}}",
                "{\"HostConfig\": {\"CapAdd\": [\"NET_ADMIN\"]}}",
                "{\"HostConfig\": {\"CapDrop\": []}}",
                "{\"HostConfig\": {\"SecurityOpt\": [\"seccomp=unconfined\"]}}",
                "{\"HostConfig\": {\"Devices\": [{\"PathOnHost\": \"/dev/sda\"}]}}",
                "{\"HostConfig\": {\"DeviceCgroupRules\": [\"a *:* rwm\"]}}",
                "{\"HostConfig\": {\"VolumesFrom\": [\"in10nt_kafka_1\"]}}",
                "{\"HostConfig\": {\"Runtime\": \"other\"}}",
                "{\"HostConfig\": {\"CgroupParent\": \"/\"}}",
                "{\"HostConfig\": {\"PortBindings\": {\"80/tcp\": [{\"HostPort\": \"80\"}]}}}",
                "{\"HostConfig\": {\"Memory\": 0}}",
                "{\"HostConfig\": {\"PidsLimit\": -1}}",
                "{\"HostConfig\": {\"LogConfig\": {\"Type\": \"syslog\"}}}",
                "{\"HostConfig\": {\"RestartPolicy\": {\"Name\": \"always\"}}}",
                "{\"Labels\": {\"ai.in10nt.network\": \"other\"}}",
                "{\"Labels\": {\"com.docker.compose.project\": \"in10nt\"}}",
                "{\"NetworkingConfig\": {\"EndpointsConfig\": {\"stack\": {}}}}",
                "{\"NetworkingConfig\": {\"EndpointsConfig\": {\"net\": {\"Links\": [\"in10nt_kafka_1\"]}}}}"
            })
    void one_that_reaches_further_is_not(String change) throws IOException {
        var container = Json.read(MACHINE, ObjectNode.class);
        var changed = Json.read(change, ObjectNode.class);
        changed.properties().forEach(field -> {
            if (field.getValue().isObject() && container.path(field.getKey()).isObject()) {
                ((ObjectNode) container.path(field.getKey())).setAll((ObjectNode) field.getValue());
            } else {
                container.set(field.getKey(), field.getValue());
            }
        });

        assertThat(refusalOfContainer(NAME, Json.text(container))).isPresent();
    }

    @Test
    void walls_have_a_capability_and_their_machines_network_alone() throws IOException {
        var walls = """
                {"Labels": {"ai.in10nt.network": "net"}, "HostConfig": {"NetworkMode": "container:in10nt-0123456789abcd",
                 "CapDrop": ["ALL"], "CapAdd": ["NET_ADMIN"], "SecurityOpt": ["no-new-privileges:true"]}}
                """;

        assertThat(refusalOfContainer(NAME + "-walls", walls)).isEmpty();
        for (var other : List.of("container:in10nt_kafka_1", "host", "net")) {
            assertThat(refusalOfContainer(NAME + "-walls", walls.replace("container:in10nt-0123456789abcd", other)))
                    .as(other)
                    .isPresent();
        }
    }

    @Test
    void what_is_executed_has_no_more_rights_than_the_machine() throws IOException {
        var path = "/containers/" + NAME + "/exec";
        assertThat(refusal("POST", path, "{\"Cmd\": [\"true\"], \"AttachStdout\": true, \"Tty\": null}"))
                .isEmpty();
        assertThat(refusal("POST", path, "{\"Cmd\": [], \"privileged\": true}")).isPresent();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET /_ping HTTP/1.1\nHost: x\r\n\r\n",
                "GET http://x/_ping HTTP/1.1\r\n\r\n",
                "GET /_ping  HTTP/1.1\r\n\r\n",
                "GET /_ping HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                "GET /_ping HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
                "GET /_ping HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
                "GET /_ping HTTP/1.1\r\nContent-Length : 1\r\n\r\n",
                "GET /_ping HTTP/1.1\r\n folded: x\r\n\r\n",
                "GET /_ping?a=1&a=2 HTTP/1.1\r\n\r\n",
                "GET /_ping?a=1;b=2 HTTP/1.1\r\n\r\n"
            })
    void what_could_be_read_in_two_ways_is_not_read(String text) {
        assertThatThrownBy(() -> EngineCall.read(new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1))))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void the_engine_gets_the_fields_that_were_checked_and_no_other() throws IOException {
        var tricks = MACHINE.replace("\"Tty\": false", "\"hostconfig\": null, \"Tty\": null")
                .replace("\"Privileged\": null", "\"capdrop\": [], \"CAPDROP\": null");
        var text = "POST /containers/create?name=" + NAME + " HTTP/1.1\r\nContent-Length: " + tricks.length()
                + "\r\n\r\n" + tricks;
        var call = EngineCall.read(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)));

        assertThat(new String(EngineRules.passed(call).body(), StandardCharsets.UTF_8))
                .contains("\"CapDrop\":[\"ALL\"]", "\"IPv4Address\":\"10.1.0.1\"")
                .doesNotContain("hostconfig", "capdrop", "CAPDROP", "Tty", "Links");
    }

    @Test
    void what_is_there_twice_is_refused() {
        for (var twice : List.of(
                MACHINE.replace("\"Tty\": false", "\"HostConfig\": {\"Privileged\": true}"), MACHINE + "{}", "{")) {
            assertThatThrownBy(() -> refusalOfContainer(NAME, twice)).isInstanceOf(UncheckedIOException.class);
        }
    }

    @Test
    void what_is_passed_on_has_nothing_but_what_was_checked() throws IOException {
        var call = EngineCall.read(new ByteArrayInputStream(
                "POST /containers/x/start?t=1 HTTP/1.1\r\nHost: a\r\nX-Other: b\r\nContent-Length: 2\r\n\r\n{}POST /more"
                        .getBytes(StandardCharsets.US_ASCII)));

        assertThat(new String(call.written(), StandardCharsets.US_ASCII))
                .isEqualTo("POST /containers/x/start?t=1 HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n"
                        + "Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}");
    }
}
