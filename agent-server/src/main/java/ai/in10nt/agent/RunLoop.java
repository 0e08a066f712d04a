package ai.in10nt.agent;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.TaskState;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Brings the active run to its end, over the agent's deaths: looks at OpenCode's own messages how far it came, and does the next
 * thing.
 */
final class RunLoop {
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration BEGIN = Duration.ofSeconds(60);
    private static final Duration TAKEN = Duration.ofSeconds(3);
    private static final int BEGIN_ATTEMPTS = 3;
    private static final int MOST_ATTEMPTS = 5;
    /** OpenCode retries for ever; with its backoff this many take about half a minute. */
    private static final int PROVIDER_ATTEMPTS = 5;

    private final AgentConfig config;
    private final OpenCodeProcess agent;
    private final RunStore store;
    private final Runs runs;
    private final BroughtTools brought;

    RunLoop(AgentConfig config, OpenCodeProcess agent, RunStore store, Runs runs) {
        this.config = config;
        this.agent = agent;
        this.store = store;
        this.runs = runs;
        this.brought = new BroughtTools(config);
    }

    Run untilOver() {
        try {
            return begunAndFollowed();
        } finally {
            disconnect();
        }
    }

    private Run begunAndFollowed() {
        var provider = runs.current().request().options().provider();
        if (!config.secrets().providers().containsKey(provider)) {
            return failed(new Failure(
                    "provider_not_configured",
                    "This installation has no model provider " + provider + "; it has "
                            + String.join(", ", config.secrets().providers().keySet()) + "."));
        }
        while (true) {
            var end = ended();
            if (end.isPresent()) {
                free();
                return end.get();
            }
            try {
                var over = attempt();
                if (over.isPresent()) {
                    return over.get();
                }
            } catch (OpenCode.Unavailable away) {
                Log.warn("%s: %s", runs.current().taskId(), away);
            }
            runs.pause(Duration.ofMillis(100));
        }
    }

    /** Looks where the run stands and does the next thing; empty: look again. */
    private Optional<Run> attempt() {
        if (!agent.isReady()) {
            return Optional.empty();
        }
        var session = session();
        var run = runs.current();
        if (agent.api().status(session).isPresent()) {
            if (run.attempts() == 0) {
                // Nothing of this run can be at work yet: it is a run that was given up.
                agent.api().abort(session);
                return Optional.empty();
            }
            return follow(session);
        }
        if (run.attempts() == 0 && run.request().options().tools() != null) {
            var known = agent.api().toolNames();
            var unknown = Tools.unknown(
                    run.request().options().tools(),
                    known,
                    BroughtTools.prefixes(run.request().options()));
            if (!unknown.isEmpty()) {
                return Optional.of(failed(new Failure(
                        "unknown_tool",
                        "tools: the agent has no " + String.join(", ", unknown) + "; it has " + String.join(", ", known)
                                + ".")));
            }
        }
        return switch (Outcome.of(agent.api().messages(session), run.messageId())) {
            case Outcome.Completed(var response, var tools) ->
                Optional.of(run.completed(response, tools, System.currentTimeMillis()));
            case Outcome.Failed(var error, var response, var tools) ->
                Optional.of(run.failed(TaskState.FAILED, error, response, tools, System.currentTimeMillis()));
            case Outcome.Lost _
            when run.mayBeRetried() -> {
                runs.retried();
                yield Optional.empty();
            }
            case Outcome.Lost(var tools) ->
                Optional.of(run.failed(
                        TaskState.FAILED,
                        new Failure(
                                "agent_lost",
                                "The agent died while a tool was at work; whether it took effect is unknown."),
                        null,
                        tools,
                        System.currentTimeMillis()));
            case Outcome.Interrupted _
            when run.attemptsNow() >= MOST_ATTEMPTS ->
                Optional.of(failed(new Failure("agent_lost", "The agent died each time it was given the prompt.")));
            case Outcome.Interrupted() -> post(session, List.of());
            case Outcome.NotBegun _
            when runs.sessionError().isPresent() -> runs.sessionError().map(this::failed);
            case Outcome.NotBegun _
            when run.attemptsNow() >= BEGIN_ATTEMPTS ->
                Optional.of(failed(new Failure("agent_error", "The agent takes the prompt but doesn't begin.")));
            case Outcome.NotBegun(var isPromptThere) ->
                post(
                        session,
                        isPromptThere
                                ? List.of()
                                : List.of(Map.of(
                                        "type", "text", "text", run.request().prompt())));
        };
    }

    /**
     * Gives the prompt to the agent, and waits until that shows: by its status, or by a message that wasn't there before. What an
     * earlier attempt left behind shows nothing.
     *
     * @return the run's end, where a tool that it brings along can't be used
     */
    private Optional<Run> post(String session, List<Map<String, String>> parts) {
        var unusable = brought.connect(agent.api(), runs.current().request().options());
        if (unusable.isPresent()) {
            return unusable.map(this::failed);
        }
        var run = runs.attempted();
        int before = Outcome.answers(agent.api().messages(session), run.messageId());
        agent.api().prompt(session, body(run, parts));
        long deadline = System.nanoTime() + BEGIN.toNanos();
        while (System.nanoTime() < deadline
                && ended().isEmpty()
                && runs.sessionError().isEmpty()) {
            if (agent.api().status(session).isPresent()
                    || Outcome.answers(agent.api().messages(session), run.messageId()) > before) {
                break;
            }
            runs.pause(Duration.ofMillis(30));
        }
        return Optional.empty();
    }

    private static Map<String, Object> body(Run run, List<Map<String, String>> parts) {
        var options = run.request().options();
        var body = new HashMap<String, Object>(Map.of(
                "messageID", run.messageId(),
                "parts", parts,
                "model", Map.of("providerID", OpenCode.PROVIDER, "modelID", OpenCode.MODEL),
                // It sticks to the session, so it is said each time.
                "tools", Tools.map(options.autoTools(), options.tools(), BroughtTools.prefixes(options))));
        if (options.system() != null) {
            body.put("system", options.system());
        }
        return body;
    }

    /** Waits while the agent works; empty: it is idle again, so its messages say what came of it. */
    private Optional<Run> follow(String session) {
        while (true) {
            var status = agent.api().status(session);
            if (status.isEmpty()) {
                return Optional.empty();
            }
            var end = ended();
            if (end.isPresent()) {
                return Optional.empty();
            }
            if (status.get().path("attempt").asInt() >= PROVIDER_ATTEMPTS) {
                agent.api().abort(session);
                return Optional.of(failed(new Failure(
                        "provider_unavailable",
                        "The model provider failed " + PROVIDER_ATTEMPTS + " times: "
                                + status.get().path("message").asText())));
            }
            runs.pause(LOOK);
        }
    }

    /** The session must be idle before the next prompt. One that was given a moment ago is taken in a moment: nothing shows it yet. */
    private void free() {
        var session = store.conversation().session();
        long deadline = System.nanoTime() + BEGIN.toNanos();
        long taken = System.nanoTime() + TAKEN.toNanos();
        int idle = 0;
        while (!session.isEmpty() && System.nanoTime() < deadline) {
            try {
                if (!agent.isReady()) {
                    // Its next process has no run that goes on.
                    return;
                }
                idle = agent.api().status(session).isEmpty() ? idle + 1 : 0;
                agent.api().abort(session);
                if (idle >= 2 && (System.nanoTime() > taken || idle >= looks(session))) {
                    return;
                }
            } catch (OpenCode.Unavailable away) {
                Log.info("%s", away);
            }
            runs.pause(Duration.ofMillis(50));
        }
    }

    /**
     * How often in a row it must be idle to be free: more often where the prompt is there and its answer isn't, because it may be about
     * to begin, or was ended before; for ever, where a prompt that was given isn't there yet.
     */
    private int looks(String session) {
        var run = runs.current();
        if (run.attempts() == 0) {
            return 2;
        }
        return switch (Outcome.of(agent.api().messages(session), run.messageId())) {
            case Outcome.NotBegun(var isPromptThere) -> isPromptThere ? 10 : Integer.MAX_VALUE;
            default -> 2;
        };
    }

    /** An agent that has died has forgotten them. */
    private void disconnect() {
        var options = runs.current().request().options();
        long deadline = System.nanoTime() + BEGIN.toNanos();
        while (agent.isReady()
                && System.nanoTime() < deadline
                && !BroughtTools.prefixes(options).isEmpty()) {
            try {
                BroughtTools.disconnect(agent.api(), options);
                return;
            } catch (OpenCode.Unavailable away) {
                Log.info("%s", away);
                runs.pause(Duration.ofMillis(50));
            }
        }
    }

    private String session() {
        var conversation = store.conversation();
        if (!conversation.session().isEmpty() && agent.api().hasSession(conversation.session())) {
            return conversation.session();
        }
        var session = agent.api().createSession(config.secrets().instanceId());
        store.save(new RunStore.Conversation(session, store.conversation().lastQueueNumber()));
        return session;
    }

    /** Ended from outside the agent: cancelled, out of time, or refused before a message was made. */
    private Optional<Run> ended() {
        var run = runs.current();
        if (runs.isCancelled()) {
            return Optional.of(run.failed(
                    TaskState.CANCELLED,
                    new Failure("cancelled", "The run was cancelled."),
                    null,
                    List.of(),
                    System.currentTimeMillis()));
        }
        if (System.currentTimeMillis() > run.deadlineMs()) {
            return Optional.of(run.failed(
                    TaskState.TIMED_OUT,
                    new Failure(
                            "timeout",
                            "The run took longer than "
                                    + run.request().options().timeoutMs() + " ms."),
                    null,
                    List.of(),
                    System.currentTimeMillis()));
        }
        return Optional.empty();
    }

    private Run failed(Failure failure) {
        return runs.current().failed(TaskState.FAILED, failure, null, List.of(), System.currentTimeMillis());
    }
}
