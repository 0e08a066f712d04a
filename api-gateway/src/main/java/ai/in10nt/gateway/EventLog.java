package ai.in10nt.gateway;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.Message;
import com.fasterxml.jackson.databind.JsonNode;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.eclipse.microprofile.config.inject.ConfigProperty;

/**
 * The events of each tenant in one order, the same on every replica: that of the transactions that brought them into the view, read
 * only as far as no transaction is under way, so that none can appear behind a reader. What one aggregate tells stays in its order.
 */
@ApplicationScoped
class EventLog {
    private final Pool pool;
    private final Duration keep;
    private final Map<String, Set<Semaphore>> followers = new ConcurrentHashMap<>();

    /** @param keep for how long a reader may go on behind an event */
    EventLog(Pool pool, @ConfigProperty(name = "retention.events", defaultValue = "7d") Duration keep) {
        this.pool = pool;
        this.keep = keep;
    }

    /** Behind an event; of all tenants alike, so one of another is one that this tenant never got. */
    record Position(long xid, long number) {
        static final Position START = new Position(0, 0);

        String text() {
            return xid + "-" + number;
        }
    }

    /** One event, as CloudEvents' JSON form. */
    record Event(Position position, String body) {}

    /** An event as it is to be kept. */
    record Told(String tenant, String subject, long revision, String body) {
        static Told of(Message message) {
            var event = Json.MAPPER.createObjectNode();
            message.headers().forEach((name, value) -> {
                if (name.equals("ce_revision")) {
                    event.put("revision", Long.parseLong(value));
                } else if (!name.equals("content-type")) {
                    event.put(name.replaceFirst("^ce_", ""), value);
                }
            });
            event.put("datacontenttype", "application/json");
            event.set("data", Json.read(message.data(), JsonNode.class));
            return new Told(
                    message.tenant(), message.subject(), Objects.requireNonNull(message.revision()), Json.text(event));
        }
    }

    Duration keep() {
        return keep;
    }

    /** Those that are known already are the same. */
    static Uni<Void> add(SqlClient client, List<Told> told) {
        if (told.isEmpty()) {
            return Uni.createFrom().voidItem();
        }
        return client.preparedQuery("""
                        insert into event (tenant, subject, revision, body)
                        select tenant, subject, revision, body
                        from unnest($1::text[], $2::text[], $3::bigint[], $4::text[]) with ordinality
                            as told (tenant, subject, revision, body, place)
                        order by place on conflict do nothing
                        """)
                .execute(Tuple.of(
                        told.stream().map(Told::tenant).toArray(String[]::new),
                        told.stream().map(Told::subject).toArray(String[]::new),
                        told.stream().map(Told::revision).toArray(Long[]::new),
                        told.stream().map(Told::body).toArray(String[]::new)))
                .replaceWithVoid();
    }

    List<Event> after(String tenant, Position position, int limit) {
        var events = new ArrayList<Event>();
        query("""
                select xid::text::bigint as xid, number, body from event
                where tenant = $1 and (xid, number) > ($2::text::xid8, $3) and xid < pg_snapshot_xmin(pg_current_snapshot())
                order by xid, number limit $4
                """, Tuple.of(tenant, String.valueOf(position.xid()), position.number(), limit))
                .forEach(row -> events.add(new Event(position(row), row.getString("body"))));
        return events;
    }

    /** Behind everything that a reader could be given now. */
    Position now() {
        var row = query(
                        "select (pg_snapshot_xmin(pg_current_snapshot())::text::bigint - 1) as xid, $1::bigint as number",
                        Tuple.of(Long.MAX_VALUE))
                .iterator()
                .next();
        return position(row);
    }

    Position before(String tenant, Instant time) {
        return first(query(
                        "select xid::text::bigint as xid, number from event where tenant = $1 and at < $2"
                                + " order by xid desc, number desc limit 1",
                        Tuple.of(tenant, time.atOffset(ZoneOffset.UTC))))
                .orElse(Position.START);
    }

    boolean has(String tenant, Position position) {
        return query(
                                "select 1 from event where tenant = $1 and xid = $2::text::xid8 and number = $3",
                                Tuple.of(tenant, String.valueOf(position.xid()), position.number()))
                        .size()
                > 0;
    }

    /** Whether it was long ago: nothing older than what is kept is asked for. */
    boolean isBeforeAllKept(Position position) {
        return first(query("select xid::text::bigint as xid, number from event order by at limit 1", Tuple.tuple()))
                .map(oldest -> position.xid() < oldest.xid())
                .orElseGet(() -> position.xid() < now().xid());
    }

    private static Optional<Position> first(RowSet<Row> rows) {
        var all = rows.iterator();
        return all.hasNext() ? Optional.of(position(all.next())) : Optional.empty();
    }

    private static Position position(Row row) {
        return new Position(row.getLong("xid"), row.getLong("number"));
    }

    /** This replica has brought something into the view. */
    void wake(Set<String> tenants) {
        tenants.forEach(tenant -> followers.getOrDefault(tenant, Set.of()).forEach(Semaphore::release));
    }

    /** Until this replica has something for the tenant, or the time is over: another replica may have. */
    void await(String tenant, Duration atMost) throws InterruptedException {
        var signal = new Semaphore(0);
        followers.computeIfAbsent(tenant, _ -> ConcurrentHashMap.newKeySet()).add(signal);
        try {
            var _ = signal.tryAcquire(atMost.toMillis(), TimeUnit.MILLISECONDS);
        } finally {
            followers.computeIfPresent(tenant, (_, signals) -> {
                signals.remove(signal);
                return signals.isEmpty() ? null : signals;
            });
        }
    }

    private RowSet<Row> query(String sql, Tuple values) {
        return pool.preparedQuery(sql).execute(values).await().atMost(View.PATIENCE);
    }
}
