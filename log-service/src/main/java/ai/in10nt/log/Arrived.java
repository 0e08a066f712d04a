package ai.in10nt.log;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.LogLine;
import ai.in10nt.contracts.Topic;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Stores what a poll brought, in one transaction. What comes again is stored once: only lines after the last one are taken. */
@ApplicationScoped
class Arrived {
    /** Tells an instance's id and that of the last line that is there to be read; behind all lines where the log is over. */
    static final String CHANNEL = "log_stored";

    private static final int CHUNK_CHARS = 128 * 1024;

    private final Pool pool;
    private final Days days;

    Arrived(Pool pool, Days days) {
        this.pool = pool;
        this.days = days;
    }

    /** What was new of an instance's log, and its last line before that. */
    record Stored(String instanceId, long before, List<Chunk> chunks) {}

    Uni<List<Stored>> store(Arrivals.Batch batch) {
        return pool.withTransaction(client ->
                follow(client, batch).chain(() -> append(client, batch.lines)).call(() -> end(client, batch)));
    }

    private static Uni<Void> follow(SqlClient client, Arrivals.Batch batch) {
        if (batch.followed.isEmpty()) {
            return Uni.createFrom().voidItem();
        }
        return client.preparedQuery("""
                        insert into log (instance_id, partition, tenant, revision, status, generation, agent_url)
                        values ($1, $2, $3, $4, $5, $6, $7)
                        on conflict (instance_id) do update set tenant = excluded.tenant, revision = excluded.revision,
                            status = excluded.status, generation = excluded.generation, agent_url = excluded.agent_url
                        where log.revision < excluded.revision
                        """)
                .executeBatch(batch.followed.values().stream()
                        .map(instance -> Tuple.wrap(new ArrayList<Object>(List.of(
                                        instance.instanceId(),
                                        Topic.partitionOf(new InstanceId(instance.instanceId())),
                                        instance.tenant(),
                                        instance.revision(),
                                        instance.status(),
                                        instance.generation())))
                                .addValue(instance.agentUrl()))
                        .toList())
                .replaceWithVoid();
    }

    private Uni<List<Stored>> append(SqlClient client, Map<Arrivals.Owner, List<LogLine>> lines) {
        if (lines.isEmpty()) {
            return Uni.createFrom().item(List.of());
        }
        var owners = lines.keySet().stream()
                .map(owner -> Tuple.of(owner.instanceId(), owner.partition(), owner.tenant()))
                .toList();
        var ids = lines.keySet().stream().map(Arrivals.Owner::instanceId).toArray(String[]::new);
        // Lines may come before what made their instance.
        return client.preparedQuery("insert into log (instance_id, partition, tenant, revision, status, generation)"
                        + " values ($1, $2, $3, 0, 'provisioning', 0) on conflict do nothing")
                .executeBatch(owners)
                .chain(() -> client.preparedQuery("select instance_id, last_id from log where instance_id = any($1)"
                                + " order by instance_id for update")
                        .execute(Tuple.of(ids)))
                .chain(rows -> {
                    var last = new HashMap<String, Long>();
                    rows.forEach(row -> last.put(row.getString("instance_id"), row.getLong("last_id")));
                    return insert(client, lines, last);
                });
    }

    private Uni<List<Stored>> insert(
            SqlClient client, Map<Arrivals.Owner, List<LogLine>> arrived, Map<String, Long> last) {
        var stored = new ArrayList<Stored>();
        var owners = new ArrayList<String>();
        var chunks = new ArrayList<Chunk>();
        arrived.forEach((owner, lines) -> {
            long position = last.getOrDefault(owner.instanceId(), 0L);
            var next = chunks(lines, position);
            if (!next.isEmpty()) {
                stored.add(new Stored(owner.instanceId(), position, next));
            }
            next.forEach(_ -> owners.add(owner.instanceId()));
            chunks.addAll(next);
        });
        if (stored.isEmpty()) {
            return Uni.createFrom().item(stored);
        }
        var ids = owners.toArray(String[]::new);
        var ends = chunks.stream().map(Chunk::lastId).toArray(Long[]::new);
        return client.preparedQuery(
                        "insert into chunk (instance_id, first_id, last_id, until, size, lines, types, stored_at)"
                                + " select id, first, last, until, size, lines, string_to_array(types, ' '), $8"
                                + " from unnest($1::text[], $2::bigint[], $3::bigint[], $4::timestamptz[], $5::int[], $6::text[], $7::text[])"
                                + " as t (id, first, last, until, size, lines, types)")
                .execute(Tuple.wrap(new ArrayList<>(List.of(
                        ids,
                        chunks.stream().map(Chunk::firstId).toArray(Long[]::new),
                        ends,
                        chunks.stream()
                                .map(chunk -> chunk.until().atOffset(ZoneOffset.UTC))
                                .toArray(OffsetDateTime[]::new),
                        chunks.stream().map(Chunk::size).toArray(Integer[]::new),
                        chunks.stream().map(Chunk::lines).toArray(String[]::new),
                        chunks.stream()
                                .map(chunk -> String.join(" ", chunk.types()))
                                .toArray(String[]::new),
                        days.now().atOffset(ZoneOffset.UTC)))))
                .chain(() -> client.preparedQuery("""
                                with told as (select id, max(last) as last from unnest($1::text[], $2::bigint[]) as t (id, last) group by id),
                                    moved as (update log set last_id = told.last from told where instance_id = told.id)
                                select pg_notify('log_stored', id || ' ' || last) from told
                                """).execute(Tuple.of(ids, ends)))
                .replaceWith(stored);
    }

    /** Those after the position; a line whose id doesn't rise was there already. */
    private static List<Chunk> chunks(List<LogLine> lines, long position) {
        var chunks = new ArrayList<Chunk>();
        var next = new ArrayList<LogLine>();
        long last = position;
        int chars = 0;
        for (var line : lines) {
            if (line.id() > last) {
                next.add(line);
                last = line.id();
                chars += line.message().length();
            }
            if (chars > CHUNK_CHARS) {
                chunks.add(Chunk.of(next));
                next.clear();
                chars = 0;
            }
        }
        if (!next.isEmpty()) {
            chunks.add(Chunk.of(next));
        }
        return chunks;
    }

    private static Uni<Void> end(SqlClient client, Arrivals.Batch batch) {
        if (batch.ended.isEmpty() && batch.forgotten.isEmpty()) {
            return Uni.createFrom().voidItem();
        }
        var ended = batch.ended.toArray(String[]::new);
        return client.preparedQuery("update log set ended_at = now() where instance_id = any($1) and ended_at is null")
                .execute(Tuple.of(ended))
                .chain(() -> client.preparedQuery(
                                "select pg_notify('log_stored', id || ' ' || $2::bigint) from unnest($1::text[]) id")
                        .execute(Tuple.of(ended, Long.MAX_VALUE)))
                .chain(() -> client.preparedQuery("delete from log where instance_id = any($1)")
                        .execute(Tuple.of(batch.forgotten.toArray(String[]::new))))
                .replaceWithVoid();
    }
}
