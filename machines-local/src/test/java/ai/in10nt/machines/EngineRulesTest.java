package ai.in10nt.machines;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.MultiMap;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
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

    private static MultiMap query(String text) {
        var query = MultiMap.caseInsensitiveMultiMap();
        for (var part : text.isEmpty() ? new String[0] : text.split("&", -1)) {
            var pair = part.split("=", 2);
            query.add(pair[0], URLDecoder.decode(pair[1], StandardCharsets.UTF_8));
        }
        return query;
    }

    @ParameterizedTest
    @CsvSource({
        "GET, /_ping, ''",
        "GET, /containers/in10nt-0123456789abcd/json, ''",
        "POST, /containers/in10nt-0123456789abcd-walls/start, ''",
        "DELETE, /containers/in10nt-0123456789abcd, force=true",
        "GET, /containers/json, filters=%7B%22label%22%3A%5B%22ai.in10nt.network%3Dnet%22%5D%7D",
        "POST, /containers/create, name=in10nt-0123456789abcd",
        "POST, /images/create, fromImage=in10nt/agent"
    })
    void what_machines_need_is_passed_on(String method, String path, String query) {
        assertThat(rules.refusal(method, path, query(query))).isEmpty();
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
    void everything_else_is_refused(String method, String path, String query) {
        assertThat(rules.refusal(method, path, query(query))).isPresent();
    }

    @Test
    void a_machine_is_made_as_the_driver_makes_it() {
        assertThat(rules.refusalOfContainer(NAME, Json.read(MACHINE, ObjectNode.class), "/at"))
                .isEmpty();
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
    void one_that_reaches_further_is_not(String change) throws java.io.IOException {
        var container = Json.read(MACHINE, ObjectNode.class);
        var changed = Json.read(change, ObjectNode.class);
        changed.properties().forEach(field -> {
            if (field.getValue().isObject() && container.path(field.getKey()).isObject()) {
                ((ObjectNode) container.path(field.getKey())).setAll((ObjectNode) field.getValue());
            } else {
                container.set(field.getKey(), field.getValue());
            }
        });

        assertThat(rules.refusalOfContainer(NAME, container, "/at")).isPresent();
    }

    @Test
    void walls_have_a_capability_and_their_machines_network_alone() {
        var walls = """
                {"Labels": {"ai.in10nt.network": "net"}, "HostConfig": {"NetworkMode": "container:in10nt-0123456789abcd",
                 "CapDrop": ["ALL"], "CapAdd": ["NET_ADMIN"], "SecurityOpt": ["no-new-privileges:true"]}}
                """;

        assertThat(rules.refusalOfContainer(NAME + "-walls", Json.read(walls, ObjectNode.class), "/at"))
                .isEmpty();
        for (var other : new String[] {"container:in10nt_kafka_1", "host", "net"}) {
            var wrong = walls.replace("container:in10nt-0123456789abcd", other);
            assertThat(rules.refusalOfContainer(NAME + "-walls", Json.read(wrong, ObjectNode.class), "/at"))
                    .as(other)
                    .isPresent();
        }
    }

    @Test
    void what_is_executed_has_no_more_rights_than_the_machine() {
        assertThat(EngineRules.refusalOfExec(
                        Json.read("{\"Cmd\": [\"true\"], \"AttachStdout\": true, \"Tty\": null}", ObjectNode.class)))
                .isEmpty();
        assertThat(EngineRules.refusalOfExec(Json.read("{\"Cmd\": [], \"privileged\": true}", ObjectNode.class)))
                .isPresent();
    }
}
