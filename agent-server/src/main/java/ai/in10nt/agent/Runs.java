package ai.in10nt.agent;

import ai.in10nt.contracts.AgentRun;
import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.TaskState;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Runs, one at a time. The intent is on disk before the prompt is posted, so whatever dies, the next look at OpenCode's own
 * messages says how far the run came: finished, to be given again, or lost.
 */
final class Runs {
    private static final Duration LOOK = Duration.ofSeconds(1);

    /** A run that the fence refuses: a later one has begun already. */
    static final class Superseded extends RuntimeException {
        Superseded() {
            super("a later task has begun on this instance", null, false, false);
        }
    }

    private final AgentConfig config;
    private final OpenCodeProcess agent;
    private final RunStore store;
    private final LogBook log;
    private final Masks masks;
    private final Object lock = new Object();
    private @Nullable Run active;
    private boolean isActiveCancelled;
    private @Nullable Failure sessionError;
    private @Nullable RunStream stream;
    private @Nullable RunLog lines;

    Runs(AgentConfig config, OpenCodeProcess agent, RunStore store, LogBook log) {
        this.log = log;
        this.masks = new Masks(config);
        this.config = config;
        this.agent = agent;
        this.store = store;
    }

    /** Begins the run, goes on with it after a crash, or just says how it stands. */
    AgentRun.Report put(String taskId, AgentRun.Request request) {
        synchronized (lock) {
            var known = waitForTurn(taskId, request);
            if (active != null) {
                return active.reportNow();
            }
            if (known.isPresent() && known.get().isOver()) {
                return known.get().reportNow();
            }
            var conversation = store.conversation();
            var run = known.orElseGet(() -> Run.begun(taskId, request, System.currentTimeMillis()));
            store.save(run);
            store.save(new RunStore.Conversation(conversation.session(), request.queueNumber()));
            active = run;
            stream = store.stream(taskId);
            lines = new RunLog(log, taskId);
            isActiveCancelled = false;
            sessionError = null;
            Thread.ofVirtual().name(taskId).start(() -> bringToItsEnd(taskId));
            return run.reportNow();
        }
    }

    /**
     * Waits, under the lock, until nothing runs but this very task; the owner ended what still runs, and the session must be free
     * before the next prompt. Everything is looked at anew after each wait.
     */
    private Optional<Run> waitForTurn(String taskId, AgentRun.Request request) {
        while (true) {
            var known = store.find(taskId);
            boolean isMine = active != null && active.taskId().equals(taskId);
            if (isMine || (known.isPresent() && known.get().isOver() && active == null)) {
                return known;
            }
            if (request.queueNumber() < store.conversation().lastQueueNumber()) {
                throw new Superseded();
            }
            if (active == null) {
                return known;
            }
            isActiveCancelled = true;
            lock.notifyAll();
            await(LOOK);
        }
    }

    /**
     * How it stands, and what was told after the event of a number; held until there is more, or the time is over. It is said to be
     * over only together with the last of its events. Empty: not here, or cut by a crash and not asked for since.
     */
    Optional<AgentRun.Progress> progress(String taskId, long after, Duration hold) {
        RunStream live;
        synchronized (lock) {
            live = active != null && active.taskId().equals(taskId) ? stream : null;
        }
        if (live != null) {
            live.await(after, hold);
        }
        synchronized (lock) {
            if (active != null && active.taskId().equals(taskId)) {
                return Optional.of(
                        new AgentRun.Progress(active.reportNow(), live == null ? List.of() : live.after(after)));
            }
        }
        return store.find(taskId).filter(Run::isOver).map(run -> ended(run, after));
    }

    private AgentRun.Progress ended(Run run, long after) {
        var told = store.stream(run.taskId());
        var events = told.after(after);
        return new AgentRun.Progress(told.hasAfter(after + events.size()) ? run.unfinished() : run.reportNow(), events);
    }

    /** Between two runs the agent is given what its environment lacks. False: a run goes on; then at its end. */
    boolean renewAgent() {
        synchronized (lock) {
            if (active != null) {
                return !agent.isOld();
            }
            agent.renew();
            return true;
        }
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

    /** The run that the model is being asked for now; empty between runs. */
    Optional<AgentRun.Request> currentRequest() {
        synchronized (lock) {
            return Optional.ofNullable(active).map(Run::request);
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
            ended = new RunLoop(config, agent, store, this).untilOver();
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
        ended = ended.masked(masks);
        synchronized (lock) {
            try {
                store.save(ended);
            } finally {
                active = null;
                if (stream != null) {
                    stream.end();
                }
                if (lines != null) {
                    lines.end(ended.reportNow());
                }
                agent.renew();
                lock.notifyAll();
            }
        }
        Log.info("%s %s after %d attempts", taskId, ended.reportNow().state().text(), ended.attempts());
    }

    Run current() {
        synchronized (lock) {
            if (active == null) {
                throw new IllegalStateException("no run is active");
            }
            return active;
        }
    }

    /** Notes that the prompt is given to the agent once more, before it is. */
    Run attempted() {
        synchronized (lock) {
            var run = current().attempted();
            store.save(run);
            active = run;
            sessionError = null;
            return run;
        }
    }

    /** Notes that the run is begun anew, before it is. */
    void retried() {
        synchronized (lock) {
            var run = current().retried();
            store.save(run);
            active = run;
            sessionError = null;
            Log.info("%s was cut while a tool was at work; begun anew", run.taskId());
        }
    }

    boolean isCancelled() {
        synchronized (lock) {
            return isActiveCancelled;
        }
    }

    /** What the agent said of the session, where it made no message for it. */
    Optional<Failure> sessionError() {
        synchronized (lock) {
            return Optional.ofNullable(sessionError);
        }
    }

    private void tell(ObjectNode event) {
        // Words may come in pieces: whoever gets them masks what they come to.
        var told = event.path("type").asText().equals("text") ? event : (ObjectNode) masks.in(event);
        if (stream != null) {
            stream.add(told);
        }
        if (lines != null) {
            lines.add(told);
        }
    }

    /** What OpenCode tells as it happens: wakes whoever follows, and is the run's own stream. */
    void told(JsonNode event) {
        var properties = event.path("properties");
        synchronized (lock) {
            if (active == null) {
                return;
            }
            RunEvents.of(event).ifPresent(this::tell);
            switch (event.path("type").asText()) {
                case "session.error" -> sessionError = Outcome.failure(properties.path("error"));
                case "session.idle", "session.status" -> lock.notifyAll();
                default -> {}
            }
        }
    }

    /** Until the agent tells something, at most. */
    void pause(Duration atMost) {
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
