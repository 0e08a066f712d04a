package ai.in10nt.stories;

import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.http.HttpHeaders;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What holds answers against the contract does notice. */
class ContractTest {
    private static final Contract CONTRACT = new Contract(Json.read("""
                    {"openapi":"3.1.0","components":{"schemas":{"Thing":{"type":"object","additionalProperties":false,
                      "required":["id"],"properties":{"id":{"type":"integer"}}}}},
                     "paths":{"/things/{id}":{"get":{"responses":{
                      "200":{"content":{"application/json":{"schema":{"$ref":"#/components/schemas/Thing"}}}}}}}}}
                    """, JsonNode.class));

    private static void look(String method, String path, int status, String type, String body) {
        var headers = HttpHeaders.of(Map.of("Content-Type", List.of(type)), (_, _) -> true);
        CONTRACT.look(method, path, new Client.Answer(status, body, headers));
    }

    @Test
    void what_is_as_it_says_passes_and_all_else_does_not() {
        assertThatCode(() -> look("GET", "/things/1?x=y", 200, "application/json;charset=UTF-8", "{\"id\":1}"))
                .doesNotThrowAnyException();
        for (var wrong : List.of("{}", "{\"id\":\"1\"}", "{\"id\":1,\"more\":2}", "[]")) {
            assertThatThrownBy(() -> look("GET", "/things/1", 200, "application/json", wrong))
                    .as(wrong)
                    .isInstanceOf(AssertionError.class);
        }
        assertThatThrownBy(() -> look("GET", "/things/1", 201, "application/json", "{\"id\":1}"))
                .hasMessageContaining("answers 201");
        assertThatThrownBy(() -> look("POST", "/things/1", 200, "application/json", "{\"id\":1}"))
                .hasMessageContaining("isn't in the contract");
        assertThatThrownBy(() -> look("GET", "/others", 200, "application/json", "{}"))
                .hasMessageContaining("isn't in the contract");
    }
}
