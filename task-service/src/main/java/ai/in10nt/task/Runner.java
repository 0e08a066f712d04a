package ai.in10nt.task;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.AgentRun;
import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.contracts.TaskId;
import ai.in10nt.contracts.TaskState;
import ai.in10nt.relay.FailPoint;
import ai.in10nt.relay.LogContext;
import ai.in10nt.relay.Reconciler;
import ai.in10nt.task.TaskStore.Read;
import io.micrometer.core.instrument.MeterRegistry;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.ws.rs.ProcessingException;
import jakarta.ws.rs.WebApplicationException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.eclipse.microprofile.rest.client.inject.RestClient;
import org.jboss.logging.Logger;
import org.jboss.logging.MDC;

/**
 * Brings the first unfinished task of each instance on by one step: says that it runs, gives it to the agent, asks how it stands,
 * writes how it ended. The agent server takes the same run twice as once, so each step may be repeated, by another replica too.
 */
@ApplicationScoped
class Runner implements Reconciler {
    private static final Logger LOG = Logger.getLogger(Runner.class);
    private static final Duration AT_ONCE = Duration.ZERO;
    private static final Duration SOON = Duration.ofMillis(250);
    private static final Duration HOLD = Duration.ofSeconds(15);
    /** The agent server ends a run at its timeout; this much later it is ended without its word. */
    private static final Duration GRACE = Duration.ofSeconds(30);

    private final TaskStore store;
    private final Tasks tasks;
    private final AgentServer agent;
    private final AgentAccess access;
    private final MeterRegistry metrics;
    private final Aborts aborts;
    private final RunEvents events;

    Runner(
            TaskStore store,
            Tasks tasks,
            Aborts aborts,
            RunEvents events,
            @RestClient AgentServer agent,
            AgentAccess access,
            MeterRegistry metrics) {
        this.aborts = aborts;
        this.events = events;
        this.metrics = metrics;
        this.store = store;
        this.tasks = tasks;
        this.agent = agent;
        this.access = access;
    }

    @Override
    public List<Due> due(List<Integer> partitions) {
        var due = new ArrayList<>(store.due(partitions));
        due.addAll(store.overdue(partitions));
        due.addAll(aborts.due(partitions));
        return due;
    }

    @Override
    public Optional<Duration> step(String id) {
        if (Aborts.isOne(id)) {
            return aborts.step(id);
        }
        if (!TaskId.isValid(id)) {
            store.decideOverdue(id);
            return Optional.empty();
        }
        var read = store.find(id);
        return read.isEmpty() || read.get().task().isOver() ? Optional.empty() : step(read.get());
    }

    private Optional<Duration> step(Read read) {
        var task = read.task();
        LogContext.enter(task.trace(), "task", task.data().taskId().value());
        MDC.put("instance", task.data().instanceId().value());
        if (task.data().state() == TaskState.QUEUED) {
            return read.instance().status() == InstanceStatus.HEALTHY ? begin(read) : giveUpWaiting(read);
        }
        if (isPastGrace(task)) {
            return end(
                    read,
                    task.ended(
                            TaskState.TIMED_OUT,
                            new Failure(
                                    "timeout",
                                    "The run took longer than " + task.options().timeoutMs() + " ms."),
                            tasks.now()));
        }
        if (read.instance().status() != InstanceStatus.HEALTHY || read.instance().agentUrl == null) {
            return Optional.of(SOON);
        }
        if (task.generation() != read.instance().generation) {
            store.commit(read, task.onGeneration(read.instance().generation));
            return Optional.of(AT_ONCE);
        }
        return run(read, read.instance().agentUrl);
    }

    private Optional<Duration> begin(Read read) {
        store.commit(read, read.task().running(read.instance().generation, tasks.now()));
        return Optional.of(AT_ONCE);
    }

    private Optional<Duration> giveUpWaiting(Read read) {
        var created = read.task().data().createdAt();
        var since = read.instance().since.isAfter(created) ? read.instance().since : created;
        if (since.plusMillis(read.task().options().timeoutMs()).isAfter(tasks.now())) {
            return Optional.of(SOON);
        }
        var failure = new Failure(
                "instance_not_healthy",
                "The instance wasn't healthy within the task's timeout of "
                        + read.task().options().timeoutMs() + " ms.");
        return end(read, read.task().ended(TaskState.TIMED_OUT, failure, tasks.now()));
    }

    private boolean isPastGrace(Task task) {
        var started = task.data().startedAt();
        return started != null
                && started.plusMillis(task.options().timeoutMs()).plus(GRACE).isBefore(tasks.now());
    }

    private Optional<Duration> run(Read read, String agentUrl) {
        try {
            var id = read.task().data().taskId().value();
            long after = events.lastKnown(id);
            var progress = progress(read.task(), agentUrl, after);
            if (progress.isEmpty()) {
                return afterPut(id, read.task(), agentUrl);
            }
            events.add(id, after, progress.get().events());
            var report = progress.get().report();
            if (!report.state().isOver()) {
                return Optional.of(AT_ONCE);
            }
            FailPoint.reach("at-agent-end");
            return end(read, read.task().ended(report, tasks.now()));
        } catch (WebApplicationException e) {
            if (e.getResponse().getStatus() == 409) {
                return end(
                        read,
                        read.task()
                                .ended(
                                        TaskState.FAILED,
                                        new Failure("agent_lost", "The agent has begun a later task already."),
                                        tasks.now()));
            }
            throw e;
        } catch (ProcessingException e) {
            // The agent server is away: its machine died, or was stopped. The instance's next event tells.
            LOG.infof("%s: %s doesn't answer: %s", read.task(), agentUrl, e.getMessage());
            return Optional.of(SOON);
        }
    }

    /** It may have been ended while it was given to the agent, and nobody would look after it. */
    private Optional<Duration> afterPut(String id, Task task, String agentUrl) {
        boolean isOver = store.find(id).map(now -> now.task().isOver()).orElse(true);
        if (isOver) {
            agent.cancel(agentUrl, "Bearer " + access.token(task.data().instanceId(), task.generation()), id);
            return Optional.empty();
        }
        return Optional.of(AT_ONCE);
    }

    /** Empty: it was just given to the agent. */
    private Optional<AgentRun.Progress> progress(Task task, String agentUrl, long after) {
        var id = task.data().taskId().value();
        var authorization = "Bearer " + access.token(task.data().instanceId(), task.generation());
        try {
            return Optional.of(agent.progress(agentUrl, authorization, id, after, HOLD.toMillis()));
        } catch (WebApplicationException e) {
            if (e.getResponse().getStatus() != 404) {
                throw e;
            }
        }
        var request = new AgentRun.Request(task.data().prompt(), task.options(), task.queueNumber(), task.trace());
        var report = agent.put(agentUrl, authorization, id, request);
        FailPoint.reach("after-agent-put");
        // An agent server of an older version only says so here.
        return report.state().isOver() ? Optional.of(new AgentRun.Progress(report, List.of())) : Optional.empty();
    }

    private Optional<Duration> end(Read read, Task ended) {
        if (store.commit(read, ended)) {
            events.ended(read.task().data().taskId().value());
            LOG.infof("%s", ended);
            metrics.timer(
                            "task.run.finished",
                            "outcome",
                            ended.data().state().name().toLowerCase(Locale.ROOT))
                    .record(Duration.between(ended.data().createdAt(), tasks.now()));
        }
        return Optional.empty();
    }
}
