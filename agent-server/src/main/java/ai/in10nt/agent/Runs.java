package ai.in10nt.agent;

import ai.in10nt.contracts.AgentRun;
import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.TaskCommand.RunOptions;
import ai.in10nt.contracts.TaskState;
import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs, one at a time. The intent is on disk before the prompt is posted, so whatever dies, the next look at OpenCode's own
 * messages says how far the run came: finished, to be given again, or lost.
 */
final class Runs {
    private static final Duration LOOK = Duration.ofSeconds(1);
    private static final Duration BEGIN = Duration.ofSeconds(15);
    private static final int BEGIN_ATTEMPTS = 3;
    /** OpenCode retries for ever; with its backoff this many take about half a minute. */
    private static final int PROVIDER_ATTEMPTS = 5;

    /** A run that the fence refuses: a later one has begun already. */
    static final class Superseded extends RuntimeException {
        Superseded() {
            super("a later task has begun on this instance", null, false, false);
        }
    }

    private final AgentConfig config;
    private final OpenCodeProcess agent;
    private final RunStore store;
    private final Object lock = new Object();
    private @Nullable Run active;
    private boolean isActiveCancelled;
    private @Nullable Failure sessionError;

    Runs(AgentConfig config, OpenCodeProcess agent, RunStore store) {
        this.config = config;
        this.agent = agent;
        this.store = store;
    }

    /** Begins the run, goes on with it after a crash, or just says how it stands. */
    AgentRun.Report put(String taskId, AgentRun.Request request) {
        synchronized (lock) {
            if (active != null && active.taskId().equals(taskId)) {
                return active.reportNow();
            }
            var known = store.find(taskId);
            if (known.isPresent() && known.get().isOver()) {
                return known.get().reportNow();
            }
            var conversation = store.conversation();
            if (request.queueNumber() < conversation.lastQueueNumber()) {
                throw new Superseded();
            }
            while (active != null) {
                // The owner ended it without us; the session must be free before the next prompt.
                isActiveCancelled = true;
                lock.notifyAll();
                await(LOOK);
            }
            var run = known.orElseGet(() -> Run.begun(taskId, request, System.currentTimeMillis()));
            store.save(run);
            store.save(new RunStore.Conversation(conversation.session(), request.queueNumber()));
            active = run;
            isActiveCancelled = false;
            sessionError = null;
            Thread.ofVirtual().name(taskId).start(() -> bringToItsEnd(taskId));
            return run.reportNow();
        }
    }

    /** How it stands; held until it is over, or the time is. Empty: not here, or cut by a crash and not asked for since. */
    Optional<AgentRun.Report> get(String taskId, Duration hold) {
        long deadline = System.nanoTime() + hold.toNanos();
        synchronized (lock) {
            while (active != null && active.taskId().equals(taskId)) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    return Optional.of(active.reportNow());
                }
                await(Duration.ofNanos(left));
            }
        }
        return store.find(taskId).filter(Run::isOver).map(Run::reportNow);
    }

    /** Ends the run, if it is the one that runs. */
    void cancel(String taskId) {
        synchronized (lock) {
            if (active != null && active.taskId().equals(taskId)) {
                isActiveCancelled = true;
                lock.notifyAll();
            }
        }
    }

    /** The options of the run that the model is being asked for now; empty between runs. */
    Optional<RunOptions> currentOptions() {
        synchronized (lock) {
            return Optional.ofNullable(active).map(run -> run.request().options());
        }
    }

    void used(long inputTokens, long outputTokens, double cost) {
        synchronized (lock) {
            if (active != null) {
                active = active.used(inputTokens, outputTokens, cost);
                store.save(active);
            }
        }
    }

    private void bringToItsEnd(String taskId) {
        Run ended;
        try {
            ended = untilOver();
        } catch (RuntimeException e) {
            Log.warn("%s: %s", taskId, e);
            ended = current()
                    .failed(
                            TaskState.FAILED,
                            new Failure("agent_error", "The agent server failed: " + e.getMessage()),
                            null,
                            List.of(),
                            System.currentTimeMillis());
        }
        synchronized (lock) {
            store.save(ended);
            store.append(taskId, RunEvents.state(ended.reportNow().state()));
            active = null;
            lock.notifyAll();
        }
        Log.info("%s %s after %d attempts", taskId, ended.reportNow().state().text(), ended.attempts());
    }

    private Run current() {
        synchronized (lock) {
            if (active == null) {
                throw new IllegalStateException("no run is active");
            }
            return active;
        }
    }

    private Run untilOver() {
        var provider = current().request().options().provider();
        if (!config.secrets().providers().containsKey(provider)) {
            return failed(new Failure(
                    "provider_not_configured",
                    "This installation has no model provider " + provider + "; it has "
                            + String.join(", ", config.secrets().providers().keySet()) + "."));
        }
        while (true) {
            var end = ended();
            if (end.isPresent()) {
                return end.get();
            }
            try {
                var over = attempt();
                if (over.isPresent()) {
                    return over.get();
                }
            } catch (OpenCode.Unavailable away) {
                Log.warn("%s: %s", current().taskId(), away);
            }
            pause(Duration.ofMillis(100));
        }
    }

    /** Looks where the run stands and does the next thing; empty: look again. */
    private Optional<Run> attempt() {
        if (!agent.isReady()) {
            return Optional.empty();
        }
        var session = session();
        if (agent.api().status(session).isPresent()) {
            return follow(session);
        }
        var run = current();
        return switch (Outcome.of(agent.api().messages(session), run.messageId())) {
            case Outcome.Completed(var response, var tools) ->
                Optional.of(run.completed(response, tools, System.currentTimeMillis()));
            case Outcome.Failed(var error, var response, var tools) ->
                Optional.of(run.failed(TaskState.FAILED, error, response, tools, System.currentTimeMillis()));
            case Outcome.Lost(var tools) ->
                Optional.of(run.failed(
                        TaskState.FAILED,
                        new Failure(
                                "agent_lost",
                                "The agent died while a tool was at work; whether it took effect is unknown."),
                        null,
                        tools,
                        System.currentTimeMillis()));
            case Outcome.Interrupted() -> {
                post(session, run, List.of());
                yield Optional.empty();
            }
            case Outcome.NotBegun _ when error().isPresent() -> error().map(this::failed);
            case Outcome.NotBegun _
            when run.attempts() >= BEGIN_ATTEMPTS ->
                Optional.of(failed(new Failure("agent_error", "The agent takes the prompt but doesn't begin.")));
            case Outcome.NotBegun(var isPromptThere) -> {
                post(
                        session,
                        run,
                        isPromptThere
                                ? List.of()
                                : List.of(Map.of(
                                        "type", "text", "text", run.request().prompt())));
                yield Optional.empty();
            }
        };
    }

    /** Gives the prompt to the agent, and waits until that shows. */
    private void post(String session, Run before, List<Map<String, String>> parts) {
        Run run;
        synchronized (lock) {
            run = before.attempted();
            store.save(run);
            active = run;
            sessionError = null;
        }
        agent.api().prompt(session, body(run, parts));
        long deadline = System.nanoTime() + BEGIN.toNanos();
        while (System.nanoTime() < deadline && ended().isEmpty() && error().isEmpty()) {
            if (agent.api().status(session).isPresent()
                    || !(Outcome.of(agent.api().messages(session), run.messageId()) instanceof Outcome.NotBegun)) {
                return;
            }
            pause(Duration.ofMillis(30));
        }
    }

    private static Map<String, Object> body(Run run, List<Map<String, String>> parts) {
        var options = run.request().options();
        var body = new HashMap<String, Object>(Map.of(
                "messageID", run.messageId(),
                "parts", parts,
                "model", Map.of("providerID", OpenCode.PROVIDER, "modelID", OpenCode.MODEL),
                // It sticks to the session, so it is said each time.
                "tools", Tools.map(options.autoTools())));
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
                agent.api().abort(session);
                return end;
            }
            if (status.get().path("attempt").asInt() >= PROVIDER_ATTEMPTS) {
                agent.api().abort(session);
                return Optional.of(failed(new Failure(
                        "provider_unavailable",
                        "The model provider failed " + PROVIDER_ATTEMPTS + " times: "
                                + status.get().path("message").asText())));
            }
            pause(LOOK);
        }
    }

    private String session() {
        var conversation = store.conversation();
        if (!conversation.session().isEmpty() && agent.api().hasSession(conversation.session())) {
            return conversation.session();
        }
        var session = agent.api().createSession(config.secrets().instanceId());
        synchronized (lock) {
            store.save(new RunStore.Conversation(session, store.conversation().lastQueueNumber()));
        }
        return session;
    }

    /** Ended from outside the agent: cancelled, out of time, or refused before a message was made. */
    private Optional<Run> ended() {
        var run = current();
        boolean isCancelled;
        synchronized (lock) {
            isCancelled = isActiveCancelled;
        }
        if (isCancelled) {
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

    private Optional<Failure> error() {
        synchronized (lock) {
            return Optional.ofNullable(sessionError);
        }
    }

    private Run failed(Failure failure) {
        return current().failed(TaskState.FAILED, failure, null, List.of(), System.currentTimeMillis());
    }

    /** What OpenCode tells as it happens: wakes whoever follows, and is the run's own stream. */
    void told(JsonNode event) {
        var properties = event.path("properties");
        synchronized (lock) {
            if (active == null) {
                return;
            }
            var taskId = active.taskId();
            RunEvents.of(event).ifPresent(told -> store.append(taskId, told));
            switch (event.path("type").asText()) {
                case "session.error" -> sessionError = Outcome.failure(properties.path("error"));
                case "session.idle", "session.status" -> lock.notifyAll();
                default -> {}
            }
        }
    }

    private void pause(Duration atMost) {
        synchronized (lock) {
            await(atMost);
        }
    }

    private void await(Duration atMost) {
        try {
            TimeUnit.NANOSECONDS.timedWait(lock, atMost.toNanos());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }
}
