package ai.in10nt.log;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.Ids;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.LogLine;
import ai.in10nt.contracts.LogLines;
import ai.in10nt.contracts.Message;
import ai.in10nt.contracts.TaskId;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.RequestOptions;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jboss.logging.Logger;

/**
 * Fetches one instance's lines for as long as its machine may have any, and puts them on the topic: asks for what follows, holds the
 * line until there is something, and asks for more only when that is on the topic. So records follow each other without a gap,
 * and what two replicas fetch at a takeover comes twice.
 */
final class Tail {
    private static final Logger LOG = Logger.getLogger(Tail.class);
    private static final long HOLD_MS = 25_000;
    /** Lines that come close upon each other come together. */
    private static final long PACE_MS = 5;

    private static final long SHORTEST_PAUSE_MS = 100;
    private static final long LONGEST_PAUSE_MS = 5000;
    private static final int MOST_BYTES = 4 * 1024 * 1024;

    private final Tails tails;
    private final String instanceId;
    private LogStore.Followed followed;
    private long position;
    private int failures;
    /** Changes with what is followed: what an older one asked for isn't waited for any more. */
    private int epoch;

    private boolean isEnded;

    Tail(Tails tails, LogStore.Followed followed) {
        this.tails = tails;
        this.instanceId = followed.instanceId();
        this.followed = followed;
        this.position = followed.lastId();
        begin();
    }

    /** The instance is another than it was. */
    synchronized void follow(LogStore.Followed now) {
        position = Math.max(position, now.lastId());
        if (now.revision() <= followed.revision()) {
            return;
        }
        boolean isSame = now.generation() == followed.generation()
                && now.status().equals(followed.status())
                && String.valueOf(now.agentUrl()).equals(String.valueOf(followed.agentUrl()));
        followed = now;
        if (!isSame) {
            begin();
        }
    }

    synchronized void stop() {
        epoch++;
    }

    private synchronized void begin() {
        epoch++;
        failures = 0;
        switch (InstanceStatus.valueOf(followed.status().toUpperCase(Locale.ROOT))) {
            case STARTING, HEALTHY, UNHEALTHY, STOPPING, DESTROYING -> fetch(epoch);
            case DESTROYED -> end(epoch);
            case PROVISIONING, STOPPED, FAILED -> {}
        }
    }

    private synchronized void fetch(int asked) {
        var url = followed.agentUrl();
        if (asked != epoch || url == null) {
            return;
        }
        long after = position;
        var request = new RequestOptions()
                .setAbsoluteURI(url + "/log?after=" + after + "&waitMs=" + HOLD_MS)
                .putHeader(AgentAccess.HEADER, tails.access().token(new InstanceId(instanceId), followed.generation()))
                .setTimeout(2 * HOLD_MS);
        tails.client()
                .request(request)
                .compose(open -> open.send())
                .compose(Tail::body)
                .compose(body -> publish(told(body, after)))
                .onSuccess(last -> fetched(asked, last))
                .onFailure(failure -> failed(asked, failure));
    }

    /** What a machine sends is for nobody to trust. */
    private static Future<Buffer> body(HttpClientResponse response) {
        var whole = Promise.<Buffer>promise();
        var body = Buffer.buffer();
        response.handler(bytes -> {
                    body.appendBuffer(bytes);
                    if (body.length() > MOST_BYTES && whole.tryFail("more than " + MOST_BYTES + " bytes")) {
                        var _ = response.request().reset();
                    }
                })
                .exceptionHandler(whole::tryFail)
                .endHandler(_ -> {
                    if (response.statusCode() == 200) {
                        whole.tryComplete(body);
                    } else {
                        whole.tryFail("status " + response.statusCode());
                    }
                });
        return whole.future();
    }

    private List<LogLine> told(Buffer body, long after) {
        try {
            return lines(body, after);
        } catch (RuntimeException e) {
            LOG.warnf("%s: what its machine tells is no log: %s", instanceId, e);
            throw e;
        }
    }

    static List<LogLine> lines(Buffer body, long after) {
        var lines = new ArrayList<LogLine>();
        long last = after;
        for (var json : (Iterable<String>) body.toString(StandardCharsets.UTF_8).lines()::iterator) {
            if (!json.isBlank()) {
                var line = Json.read(json, LogLine.class);
                if (line.id() <= last) {
                    throw new IllegalArgumentException("line " + line.id() + " follows line " + last);
                }
                last = line.id();
                lines.add(checked(line));
            }
        }
        return lines;
    }

    private static LogLine checked(LogLine line) {
        if (!LogLine.TYPES.contains(line.type())
                || line.message().length() > LogLine.MAX_MESSAGE_BYTES
                || line.source().length() > 64
                || (line.taskId() != null && !TaskId.isValid(line.taskId()))) {
            throw new IllegalArgumentException("line " + line.id() + " is none");
        }
        var now = Instant.now();
        boolean isPossible =
                line.timestamp().isAfter(Instant.EPOCH) && line.timestamp().isBefore(now.plus(Duration.ofDays(1)));
        return new LogLine(
                line.id(),
                line.type(),
                line.source(),
                line.message().replace('\0', '\uFFFD'),
                isPossible ? line.timestamp() : now,
                line.taskId());
    }

    /** The last line's id, once all are on the topic. */
    private Future<Long> publish(List<LogLine> lines) {
        if (lines.isEmpty()) {
            return Future.succeededFuture(0L);
        }
        long first = lines.getFirst().id();
        long last = lines.getLast().id();
        var data = Json.bytes(new LogLines(new InstanceId(instanceId), lines));
        return tails.publisher()
                .send(message(
                        "log_" + instanceId + "_" + first + "_" + last,
                        LogLines.TYPE,
                        lines.getLast().timestamp(),
                        data))
                .map(last);
    }

    /** What two replicas fetch is the same record, to the byte. */
    private Message message(String id, String type, Instant time, byte[] data) {
        return new Message(id, type, "/log-service", instanceId, time, followed.tenant(), null, null, null, data);
    }

    private synchronized void fetched(int asked, long last) {
        position = Math.max(position, last);
        failures = 0;
        if (asked == epoch) {
            tails.later(PACE_MS, () -> fetch(asked));
        }
    }

    private synchronized void failed(int asked, Throwable failure) {
        if (asked != epoch) {
            return;
        }
        LOG.debugf("%s: %s", instanceId, failure);
        tails.later(pause(), () -> fetch(asked));
    }

    private long pause() {
        failures++;
        return Math.min(SHORTEST_PAUSE_MS << Math.min(failures, 10), LONGEST_PAUSE_MS);
    }

    /** Nothing follows: said on the topic, behind the last line. */
    private synchronized void end(int asked) {
        if (asked != epoch || isEnded) {
            return;
        }
        var data = Json.bytes(new LogLines.Ended(new InstanceId(instanceId)));
        tails.publisher()
                .send(message(Ids.event(), LogLines.Ended.TYPE, Instant.now(), data))
                .onSuccess(_ -> ended())
                .onFailure(_ -> tails.later(pause(), () -> end(asked)));
    }

    private synchronized void ended() {
        isEnded = true;
        tails.forget(instanceId);
    }
}
