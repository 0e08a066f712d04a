package ai.in10nt.gateway;

import ai.in10nt.contracts.TaskCommand.RunOptions;
import java.util.regex.Pattern;

/** What {@code POST /instances/{id}/run} asks for, checked. */
record RunRequest(String prompt, RunOptions options, boolean isAsync) {
    private static final int MAX_PROMPT_BYTES = 1024 * 1024;
    private static final int MAX_SYSTEM_BYTES = 256 * 1024;
    private static final Pattern MODEL = Pattern.compile("[\\w./:@+-]{1,200}");
    private static final Pattern PROVIDER = Pattern.compile("[a-z0-9-]{1,64}");

    static RunRequest from(Body body) {
        var prompt = body.required("prompt", "is required: what the agent is to do");
        if (prompt.isBlank() && body.text("prompt").isPresent()) {
            body.wrong("prompt", "must not be empty");
        }
        if (prompt.indexOf('\0') >= 0) {
            body.wrong("prompt", "must not contain NUL");
        }
        var system = body.text("system").orElse(null);
        if (system != null && (Body.utf8(system) > MAX_SYSTEM_BYTES || system.indexOf('\0') >= 0)) {
            body.wrong("system", "must have at most 256 KiB and no NUL");
        }
        var tools = RunTools.from(body, "tools");
        var options = new RunOptions(
                body.text(
                        "model",
                        "anthropic/claude-sonnet-4.5",
                        MODEL.asMatchPredicate(),
                        "must be a model's name, e.g. anthropic/claude-sonnet-4.5"),
                body.text(
                        "provider",
                        "openrouter",
                        PROVIDER.asMatchPredicate(),
                        "must be a provider's name, e.g. openrouter"),
                body.integer("timeout", "timeout", 1000, 3_600_000).orElse(480_000L),
                body.integer("max_tokens", "maxTokens", 1, 10_000_000)
                        .map(Long::intValue)
                        .orElse(null),
                system,
                body.flag("autoTools", "auto_tools", true),
                body.integer("retries", "retries", 0, 5).map(Long::intValue).orElse(0),
                tools.names().isEmpty() ? null : tools.names(),
                tools.mcpServers(),
                tools.httpTools());
        boolean isAsync = body.flag("async", "background", false);
        body.done();
        if (Body.utf8(prompt) > MAX_PROMPT_BYTES) {
            throw Problem.of(413, "prompt_too_large", "prompt: must have at most 1 MiB.");
        }
        return new RunRequest(prompt, options, isAsync);
    }
}
