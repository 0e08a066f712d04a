package ai.in10nt.agent;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Messages as OpenCode 1.18 keeps them, after what happened to the run. */
class OutcomeTest {
    private static final String ID = "msg_1";
    private static final String PROMPT = "{\"info\":{\"id\":\"msg_1\",\"role\":\"user\"},\"parts\":[]}";

    private static Outcome of(String... messages) {
        return Outcome.of(Json.read("[" + String.join(",", messages) + "]", JsonNode.class), ID);
    }

    private static String answer(String info, String parts) {
        return "{\"info\":{\"id\":\"msg_2\",\"role\":\"assistant\",\"parentID\":\"msg_1\"" + info + "},\"parts\":["
                + parts + "]}";
    }

    private static String tool(String status) {
        return "{\"type\":\"tool\",\"tool\":\"bash\",\"state\":{\"status\":\"" + status + "\"}}";
    }

    private static final String DONE = ",\"time\":{\"completed\":1},\"finish\":\"stop\"";
    private static final String STEP = ",\"time\":{\"completed\":1},\"finish\":\"tool-calls\"";
    private static final String TEXT = "{\"type\":\"text\",\"text\":\"hello\"}";

    @Test
    void nothing_there_is_not_begun() {
        assertThat(of()).isEqualTo(new Outcome.NotBegun(false));
        assertThat(of(PROMPT)).isEqualTo(new Outcome.NotBegun(true));
    }

    @Test
    void a_finished_answer_is_completed_with_its_last_text_and_all_its_tools() {
        var outcome = of(
                PROMPT,
                answer(STEP, "{\"type\":\"text\",\"text\":\"I write\"}," + tool("completed")),
                answer(DONE, TEXT));

        assertThat(outcome).isEqualTo(new Outcome.Completed("hello", java.util.List.of("bash")));
    }

    @Test
    void an_answer_to_another_prompt_is_not_ours() {
        assertThat(of(PROMPT, answer(DONE, TEXT).replace("msg_1", "msg_0"))).isEqualTo(new Outcome.NotBegun(true));
    }

    @ParameterizedTest
    @CsvSource({"running", "pending"})
    void cut_while_a_tool_was_at_work_is_lost(String status) {
        assertThat(of(PROMPT, answer("", tool(status)))).isInstanceOf(Outcome.Lost.class);
    }

    @Test
    void cut_between_steps_or_in_the_middle_of_a_text_can_be_given_again() {
        assertThat(of(PROMPT, answer(STEP, tool("completed")))).isEqualTo(new Outcome.Interrupted());
        assertThat(of(PROMPT, answer("", "{\"type\":\"text\",\"text\":\"\"}"))).isEqualTo(new Outcome.Interrupted());
    }

    @ParameterizedTest
    @CsvSource({
        "APIError, 401, provider_auth",
        "APIError, 402, provider_payment",
        "APIError, 404, model_not_found",
        "APIError, 429, provider_rate_limited",
        "APIError, 500, provider_error",
        "ContextOverflowError, 0, context_overflow",
        "MessageAbortedError, 0, aborted",
        "UnknownError, 0, agent_error"
    })
    void errors_have_words_of_ours(String name, int status, String code) {
        var error =
                ",\"error\":{\"name\":\"" + name + "\",\"data\":{\"message\":\"why\",\"statusCode\":" + status + "}}";

        var outcome = (Outcome.Failed) of(PROMPT, answer(error, ""));

        assertThat(outcome.error().code()).isEqualTo(code);
        assertThat(outcome.error().detail()).isEqualTo("why");
    }
}
