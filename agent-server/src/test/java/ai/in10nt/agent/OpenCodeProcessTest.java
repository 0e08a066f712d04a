package ai.in10nt.agent;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.TaskCommand.McpServer;
import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class OpenCodeProcessTest {
    @Test
    void partners_mcp_servers_are_in_the_configuration_and_their_secrets_are_not() {
        var integrations = new Integrations(true);
        integrations.put(new Integrations.Given(
                1,
                Map.of("LINEAR_API_KEY", "hush"),
                List.of("LINEAR_API_KEY"),
                List.of(new McpServer(
                        "linear", "https://mcp.linear.app/mcp", Map.of("Authorization", "Bearer ${LINEAR_API_KEY}")))));
        var nowhere = Path.of("");
        var config = new AgentConfig(
                new AgentConfig.Secrets("inst", 1, "token", Map.of(), Map.of(), true),
                nowhere,
                nowhere,
                "",
                0,
                0,
                nowhere,
                nowhere,
                true,
                Map.of(),
                integrations,
                "");

        var written = Json.text(OpenCodeProcess.openCodeConfig(config));

        assertThat(written).doesNotContain("hush");
        var linear = Json.read(written, JsonNode.class).path("mcp").path("linear");
        assertThat(linear.path("url").asText()).isEqualTo("https://mcp.linear.app/mcp");
        assertThat(linear.path("type").asText()).isEqualTo("remote");
        assertThat(linear.path("headers").path("Authorization").asText()).isEqualTo("Bearer {env:LINEAR_API_KEY}");
    }

    @Test
    void what_an_older_service_gives_has_no_servers() {
        var given = Json.read("{\"revision\":1,\"environment\":{},\"secrets\":[]}", Integrations.Given.class);
        var integrations = new Integrations(true);

        assertThat(integrations.put(given)).isTrue();
        assertThat(integrations.mcpServers()).isEmpty();
    }
}
