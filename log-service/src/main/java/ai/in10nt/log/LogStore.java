package ai.in10nt.log;

import io.vertx.core.Future;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What is stored of instances' logs, to be read. */
@ApplicationScoped
class LogStore {
    /** No chunk has more lines than this many chunks have at least. */
    private static final int MOST_CHUNKS = 500;
    /** So that a search that finds nothing comes back to say so: a chunk has some 100 KB. */
    private static final int MOST_SEARCHED = 500;

    private final Pool pool;

    LogStore(io.vertx.mutiny.sqlclient.Pool pool) {
        this.pool = pool.getDelegate();
    }

    /** How far a log is stored, and whether a line may still follow. */
    record State(long lastId, boolean isEnded) {
        static final State UNKNOWN = new State(0, false);
    }

    /** Chunks that follow a position, and how the log stands. */
    record Page(State state, List<Chunk> chunks) {}

    /** An instance whose machine may have lines. */
    record Followed(
            String instanceId,
            String tenant,
            long revision,
            String status,
            int generation,
            @Nullable String agentUrl,
            long lastId) {}

    Future<State> state(String instanceId) {
        return pool.preparedQuery("select last_id, ended_at is not null as ended from log where instance_id = $1")
                .execute(Tuple.of(instanceId))
                .map(rows -> first(rows)
                        .map(row -> new State(row.getLong("last_id"), row.getBoolean("ended")))
                        .orElse(State.UNKNOWN));
    }

    /**
     * What follows the line of an id, oldest first.
     *
     * @param bytes about as many; one chunk at least
     */
    Future<Page> after(String instanceId, long id, int bytes) {
        // The state first: what it says is stored is found by the second query.
        return state(instanceId)
                .compose(state -> state.lastId() <= id
                        ? Future.succeededFuture(new Page(state, List.of()))
                        : pool.preparedQuery("""
                        select first_id, last_id, until, lines from (
                            select first_id, last_id, until, lines, sum(size) over (order by last_id) - size as before from (
                                select * from chunk where instance_id = $1 and last_id > $2 order by last_id limit $3) next
                        ) summed where before < $4 order by last_id
                        """)
                                .execute(Tuple.of(instanceId, id, MOST_CHUNKS, (long) bytes))
                                .map(rows -> new Page(state, chunks(rows))));
    }

    /** The oldest chunk whose lines end at an id or later. */
    Future<Optional<Chunk>> at(String instanceId, long id) {
        return pool.preparedQuery("select first_id, last_id, until, lines from chunk"
                        + " where instance_id = $1 and last_id >= $2 order by last_id limit 1")
                .execute(Tuple.of(instanceId, id))
                .map(rows -> first(rows).map(LogStore::chunk));
    }

    /** The oldest chunk that has a line of this time or later. */
    Future<Optional<Chunk>> since(String instanceId, Instant time) {
        return pool.preparedQuery("select first_id, last_id, until, lines from chunk"
                        + " where instance_id = $1 and until >= $2 order by last_id limit 1")
                .execute(Tuple.of(instanceId, time.atOffset(ZoneOffset.UTC)))
                .map(rows -> first(rows).map(LogStore::chunk));
    }

    /**
     * What a search has looked through.
     *
     * @param found chunks with what is searched for in the text of their lines; which lines have it is for the caller to see
     * @param end of what was looked through: in the direction of the search the id of its last line; empty: there is no more
     */
    record Searched(List<Chunk> found, OptionalLong end) {}

    /**
     * Looks through some chunks; the caller goes on behind them.
     *
     * @param from chunks that end here or later
     * @param to chunks that begin before this
     * @param types chunks with a line of one of these; none: all
     * @param isForward oldest first
     * @param bytes about as many are found; one chunk at least
     */
    Future<Searched> search(
            String instanceId,
            long from,
            long to,
            Set<String> types,
            List<String> texts,
            boolean isForward,
            int bytes) {
        var order = isForward ? "last_id" : "last_id desc";
        return pool.preparedQuery("""
                        with next as materialized (
                            select * from chunk where instance_id = $1 and last_id >= $2
                                and last_id <= coalesce(
                                    (select min(last_id) from chunk where instance_id = $1 and last_id >= $3), $3)
                                and first_id <= $3
                                and ($4::text[] = '{}' or types is null or types && $4)
                            order by %1$s limit $5),
                        looked as materialized (
                            select *, not exists (select from unnest($6::text[]) text where position(text in lines) = 0) as has
                            from next)
                        select first_id, last_id, until, case when has then lines end as lines from (
                            select *, sum(case when has then size else 0 end) over (order by %1$s)
                                - case when has then size else 0 end as before from looked
                        ) summed where before < $7 order by %1$s
                        """.formatted(order))
                .execute(Tuple.of(instanceId, from, to)
                        .addArrayOfString(types.toArray(String[]::new))
                        .addInteger(MOST_SEARCHED)
                        .addArrayOfString(texts.toArray(String[]::new))
                        .addLong((long) bytes))
                .map(rows -> searched(rows, isForward));
    }

    private static Searched searched(RowSet<Row> rows, boolean isForward) {
        var found = new ArrayList<Chunk>();
        var end = OptionalLong.empty();
        for (var row : rows) {
            end = OptionalLong.of(row.getLong(isForward ? "last_id" : "first_id"));
            if (row.getString("lines") != null) {
                found.add(chunk(row));
            }
        }
        return new Searched(found, end);
    }

    /** All of these partitions whose log isn't over. */
    Future<List<Followed>> open(Collection<Integer> partitions) {
        return pool.preparedQuery("select * from log where partition = any($1) and ended_at is null and revision > 0")
                .execute(Tuple.of(partitions.toArray(Integer[]::new)))
                .map(rows -> {
                    var all = new ArrayList<Followed>();
                    rows.forEach(row -> all.add(followed(row)));
                    return all;
                });
    }

    /** One of those, unless its log is over. */
    Future<Optional<Followed>> followed(String instanceId) {
        return pool.preparedQuery("select * from log where instance_id = $1 and ended_at is null and revision > 0")
                .execute(Tuple.of(instanceId))
                .map(rows -> first(rows).map(LogStore::followed));
    }

    private static Followed followed(Row row) {
        return new Followed(
                row.getString("instance_id"),
                row.getString("tenant"),
                row.getLong("revision"),
                row.getString("status"),
                row.getInteger("generation"),
                row.getString("agent_url"),
                row.getLong("last_id"));
    }

    private static Optional<Row> first(RowSet<Row> rows) {
        RowIterator<Row> all = rows.iterator();
        return all.hasNext() ? Optional.of(all.next()) : Optional.empty();
    }

    private static List<Chunk> chunks(RowSet<Row> rows) {
        var chunks = new ArrayList<Chunk>();
        rows.forEach(row -> chunks.add(chunk(row)));
        return chunks;
    }

    private static Chunk chunk(Row row) {
        OffsetDateTime until = row.getOffsetDateTime("until");
        return new Chunk(
                row.getLong("first_id"), row.getLong("last_id"), until.toInstant(), Set.of(), row.getString("lines"));
    }
}
