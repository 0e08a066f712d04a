package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.IntegrationData;
import ai.in10nt.contracts.TaskId;
import io.smallrye.mutiny.Uni;
import io.vertx.core.json.JsonObject;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.SqlClient;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.enterprise.context.ApplicationScoped;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The gateway's own copy of everything, which answers all reads: fast, and while every other service is down. */
@ApplicationScoped
class View {
    static final Duration PATIENCE = Duration.ofSeconds(5);

    /** Characters of bodies after which a page of a list ends. */
    static final long PAGE_LENGTH = 4L * 1024 * 1024;

    private static final String COLUMNS =
            "id, kind, tenant, instance_id, name, status, revision, body::text as body, created_at";

    /** What shows until the first event, after the seven values of a command: nothing that is there is replaced. */
    static final String PLACE =
            "insert into resource (id, kind, tenant, instance_id, name, status, revision, body, created_at)"
                    + " values ($8, $9, $10, $11, $12, $13, $14, $15, $16) on conflict do nothing";

    private final Pool pool;

    View(Pool pool) {
        this.pool = pool;
    }

    /** What a list asks for; a cursor is the last id of the page before. */
    record Filter(
            @Nullable String name,
            @Nullable String status,
            @Nullable String agentType,
            @Nullable String instanceId,
            List<String> labels,
            @Nullable String cursor,
            int limit) {}

    Uni<Resource> instance(String tenant, String id) {
        return find(tenant, Resource.INSTANCE, id)
                .map(found -> found.orElseThrow(() -> Problem.notFound("instance", id)));
    }

    /** Its body alone, as it is answered. */
    Uni<String> instanceBody(String tenant, String id) {
        return pool.preparedQuery("select body::text from resource where id = $1 and tenant = $2 and kind = 'instance'")
                .execute(Tuple.of(id, tenant))
                .ifNoItem()
                .after(PATIENCE)
                .fail()
                .map(rows -> {
                    if (rows.size() == 0) {
                        throw Problem.notFound("instance", id);
                    }
                    return rows.iterator().next().getString(0);
                });
    }

    Uni<Resource> task(String tenant, String instanceId, String id) {
        return find(tenant, Resource.TASK, id)
                .map(found -> found.filter(task -> task.instanceId().equals(instanceId))
                        .orElseThrow(() -> Problem.notFound("task", id)));
    }

    Uni<Optional<Resource>> find(String tenant, String kind, String id) {
        if (!InstanceId.isValid(id) && !TaskId.isValid(id) && !IntegrationData.isId(id)) {
            return Uni.createFrom().item(Optional.empty());
        }
        return pool.preparedQuery("select " + COLUMNS + " from resource where id = $1 and tenant = $2 and kind = $3")
                .execute(Tuple.of(id, tenant, kind))
                .ifNoItem()
                .after(PATIENCE)
                .fail()
                .map(View::first);
    }

    Uni<Optional<Resource>> byName(String tenant, String name) {
        return pool.preparedQuery("select " + COLUMNS + " from resource where tenant = $1 and kind = 'instance'"
                        + " and name = $2 and status <> 'destroyed' order by id desc limit 1")
                .execute(Tuple.of(tenant, name.replace("\0", "")))
                .ifNoItem()
                .after(PATIENCE)
                .fail()
                .map(View::first);
    }

    /** A page; shorter than the limit where there are no more, or where its bodies come to {@link #PAGE_LENGTH}. */
    Uni<List<Resource>> list(String tenant, String kind, Filter filter) {
        var sql = new StringBuilder("select " + COLUMNS + " from resource where tenant = $1 and kind = $2");
        var values = new ArrayList<Object>(List.of(tenant, kind));
        add(sql, values, " and name = ", filter.name());
        add(sql, values, " and status = ", filter.status());
        add(sql, values, " and body->>'agentType' = ", filter.agentType());
        add(sql, values, " and instance_id = ", filter.instanceId());
        add(sql, values, " and id < ", filter.cursor());
        filter.labels().forEach(label -> {
            int at = label.indexOf('=');
            values.add(new JsonObject().put(label.substring(0, at), label.substring(at + 1)));
            sql.append(" and (body->'labels')::jsonb @> $").append(values.size());
        });
        if (filter.status() == null) {
            sql.append(" and status <> 'destroyed'");
        }
        values.add(filter.limit());
        sql.append(" order by id desc limit $").append(values.size());
        // However large the bodies are, a page stays one that can be held.
        values.add(PAGE_LENGTH);
        var page = "select * from (select *, sum(length(body)) over (order by id desc) - length(body) as before from ("
                + sql + ") found) summed where before < $" + values.size() + " order by id desc";
        return pool.preparedQuery(page)
                .execute(Tuple.from(values))
                .ifNoItem()
                .after(PATIENCE)
                .fail()
                .map(View::all);
    }

    private static void add(StringBuilder sql, List<Object> values, String condition, @Nullable String value) {
        if (value != null) {
            values.add(value);
            sql.append(condition).append('$').append(values.size());
        }
    }

    Uni<Boolean> hasOpenTasks(String instanceId) {
        return pool.preparedQuery("select exists (select 1 from resource where instance_id = $1 and kind = 'task'"
                        + " and status = 'processing')")
                .execute(Tuple.of(instanceId))
                .map(rows -> rows.iterator().next().getBoolean(0));
    }

    /** Puts it there unless the view has this revision or a later one. */
    static Uni<Void> put(SqlClient client, List<Resource> resources) {
        return put(client, "resource", resources);
    }

    static Uni<Void> put(SqlClient client, String table, List<Resource> resources) {
        if (resources.isEmpty()) {
            return Uni.createFrom().voidItem();
        }
        return client.preparedQuery("""
                        insert into %1$s (id, kind, tenant, instance_id, name, status, revision, body, created_at)
                        values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
                        on conflict (id) do update set
                            name = excluded.name, status = excluded.status, revision = excluded.revision,
                            body = excluded.body, created_at = excluded.created_at
                        where %1$s.revision < excluded.revision
                        """.formatted(table))
                .executeBatch(resources.stream()
                        .map(resource -> Tuple.from(values(resource)))
                        .toList())
                .replaceWithVoid();
    }

    /** What its owner has forgotten; anything may be put back by an older record, and is forgotten again by what follows it. */
    static Uni<Void> forget(SqlClient client, String table, Collection<String> ids) {
        if (ids.isEmpty()) {
            return Uni.createFrom().voidItem();
        }
        return client.preparedQuery("delete from " + table + " where id = any($1)")
                .execute(Tuple.of(ids.toArray(String[]::new)))
                .replaceWithVoid();
    }

    static List<Object> values(Resource resource) {
        return List.of(
                resource.id(),
                resource.kind(),
                resource.tenant(),
                resource.instanceId(),
                resource.name(),
                resource.status(),
                resource.revision(),
                new JsonObject(resource.body()),
                resource.createdAt().atOffset(ZoneOffset.UTC));
    }

    private static Optional<Resource> first(RowSet<Row> rows) {
        return rows.size() == 0
                ? Optional.empty()
                : Optional.of(resource(rows.iterator().next()));
    }

    private static List<Resource> all(RowSet<Row> rows) {
        var all = new ArrayList<Resource>();
        rows.forEach(row -> all.add(resource(row)));
        return all;
    }

    private static Resource resource(Row row) {
        return new Resource(
                row.getString("id"),
                row.getString("kind"),
                row.getString("tenant"),
                row.getString("instance_id"),
                row.getString("name"),
                row.getString("status"),
                row.getLong("revision"),
                row.getString("body"),
                row.getOffsetDateTime("created_at").toInstant());
    }
}
