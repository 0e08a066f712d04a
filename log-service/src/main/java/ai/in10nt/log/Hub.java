package ai.in10nt.log;

import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jboss.logging.Logger;

/**
 * All readers of one instance's log on this replica. Those that have everything are live: what comes is read from the store once and
 * written to each. The others read on their own, each at its own pace, until they have everything too; so does one that doesn't take
 * what it is given, and when it takes nothing for long, it is closed. All of it is done on one context.
 */
final class Hub {
    private static final Logger LOG = Logger.getLogger(Hub.class);
    private static final int LIVE_BYTES = 512 * 1024;
    private static final int CATCH_UP_BYTES = 128 * 1024;
    private static final Duration HEARTBEAT = Duration.ofSeconds(15);
    private static final long AGAIN_MS = 500;
    private static final long LAST_WORDS_MS = 10_000;

    private final Context context;
    private final String instanceId;
    private final LogStore store;
    private final Duration patience;
    private final Set<Reader> readers = new LinkedHashSet<>();
    /** What every live reader has. */
    private long head;

    private boolean isReading;
    private boolean isMoreToRead;

    Hub(Context context, String instanceId, LogStore store, Duration patience) {
        this.context = context;
        this.instanceId = instanceId;
        this.store = store;
        this.patience = patience;
    }

    void join(Reader reader) {
        context.runOnContext(_ -> {
            readers.add(reader);
            catchUp(reader);
        });
    }

    void leave(Reader reader) {
        context.runOnContext(_ -> readers.remove(reader));
    }

    /** There is something up to this line. */
    void wake(long last) {
        context.runOnContext(_ -> {
            if (last > head) {
                read();
            }
        });
    }

    /** This was stored here just now: need not be read where everything before it is given already. */
    void wake(Arrived.Stored stored) {
        context.runOnContext(_ -> {
            if (!isReading && head == stored.before() && !live().isEmpty()) {
                give(stored.chunks());
            } else {
                read();
            }
        });
    }

    private List<Reader> live() {
        return readers.stream()
                .filter(reader -> reader.isLive() && !reader.isGone())
                .toList();
    }

    private void read() {
        if (isReading) {
            isMoreToRead = true;
            return;
        }
        if (live().isEmpty()) {
            return;
        }
        isReading = true;
        isMoreToRead = false;
        store.after(instanceId, head, LIVE_BYTES).onComplete(read -> {
            isReading = false;
            if (read.failed()) {
                // The next look finds it.
                LOG.debugf("%s: %s", instanceId, read.cause());
                return;
            }
            give(read.result().chunks());
            if (read.result().chunks().isEmpty() && read.result().state().isEnded()) {
                live().forEach(this::end);
            }
            if (isMoreToRead || !read.result().chunks().isEmpty()) {
                read();
            }
        });
    }

    private void give(List<Chunk> chunks) {
        for (var chunk : chunks) {
            Buffer shared = null;
            for (var reader : live()) {
                if (reader.isFull()) {
                    reader.live(false);
                    catchUp(reader);
                } else if (reader.position() < chunk.lastId()) {
                    if (reader.position() < chunk.firstId()) {
                        shared = shared == null ? Buffer.buffer(chunk.events(0)) : shared;
                        reader.give(shared, chunk.lastId());
                    } else {
                        reader.give(Buffer.buffer(chunk.events(reader.position())), chunk.lastId());
                    }
                }
            }
            head = Math.max(head, chunk.lastId());
        }
    }

    private void end(Reader reader) {
        reader.end();
        readers.remove(reader);
        cutLater(reader);
    }

    private void catchUp(Reader reader) {
        if (reader.isGone()) {
            return;
        }
        if (reader.isFull()) {
            reader.whenDrained(() -> context.runOnContext(_ -> catchUp(reader)));
            return;
        }
        store.after(instanceId, reader.position(), CATCH_UP_BYTES).onComplete(read -> {
            if (reader.isGone()) {
                return;
            }
            if (read.failed()) {
                LOG.debugf("%s: %s", instanceId, read.cause());
                context.owner().setTimer(AGAIN_MS, _ -> context.runOnContext(_ -> catchUp(reader)));
                return;
            }
            var page = read.result();
            if (!page.chunks().isEmpty()) {
                give(reader, page.chunks());
                catchUp(reader);
            } else if (page.state().isEnded()) {
                end(reader);
            } else {
                goLive(reader);
            }
        });
    }

    private static void give(Reader reader, List<Chunk> chunks) {
        var events = new StringBuilder();
        chunks.forEach(chunk -> events.append(chunk.events(reader.position())));
        reader.give(Buffer.buffer(events.toString()), chunks.getLast().lastId());
    }

    private void goLive(Reader reader) {
        if (live().isEmpty()) {
            head = reader.position();
        }
        if (reader.position() >= head) {
            reader.live(true);
            // What came since it looked.
            read();
        } else {
            catchUp(reader);
        }
    }

    /** Looks after all readers, and at the store where a notice was lost. */
    void look() {
        context.runOnContext(_ -> {
            for (var reader : List.copyOf(readers)) {
                if (reader.isGone()) {
                    readers.remove(reader);
                } else if (reader.stuckNanos() > patience.toNanos()) {
                    LOG.infof("%s: a reader takes nothing, it is closed at %d", instanceId, reader.position());
                    readers.remove(reader);
                    reader.overrun();
                    cutLater(reader);
                } else {
                    reader.heartbeat(HEARTBEAT.toNanos());
                }
            }
            read();
        });
    }

    private void cutLater(Reader reader) {
        context.owner().setTimer(LAST_WORDS_MS, _ -> reader.cut());
    }
}
