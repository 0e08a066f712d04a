package ai.in10nt.gateway;

import ai.in10nt.contracts.Json;
import io.smallrye.mutiny.Uni;
import io.vertx.mutiny.sqlclient.Pool;
import io.vertx.mutiny.sqlclient.Row;
import io.vertx.mutiny.sqlclient.RowSet;
import io.vertx.mutiny.sqlclient.Tuple;
import jakarta.ws.rs.GET;
import jakarta.ws.rs.Path;
import jakarta.ws.rs.Produces;
import jakarta.ws.rs.core.MediaType;
import java.time.Clock;
import java.time.YearMonth;
import java.util.Map;
import java.util.TreeMap;

/** What the tenant's tasks have used, of all instances, destroyed ones too. */
@Path("/usage")
@Produces(MediaType.APPLICATION_JSON)
public class UsageResource {
    private final Caller caller;
    private final Pool pool;
    private final Clock clock = Clock.systemUTC();

    UsageResource(Caller caller, Pool pool) {
        this.caller = caller;
        this.pool = pool;
    }

    @GET
    public Uni<String> usage() {
        return tokens();
    }

    /** Tokens and US dollars, in all and of the tasks that ended in this calendar month, UTC; and when the last one ended. */
    @GET
    @Path("/tokens")
    public Uni<String> tokens() {
        return pool.preparedQuery("select coalesce(sum(tokens), 0)::bigint as total_tokens,"
                        + " coalesce(sum(cost), 0)::float8 as total_cost,"
                        + " coalesce(sum(tokens) filter (where completed_at >= $2), 0)::bigint as monthly_tokens,"
                        + " coalesce(sum(cost) filter (where completed_at >= $2), 0)::float8 as monthly_cost,"
                        + " max(completed_at) as last_usage"
                        + " from resource where tenant = $1 and tokens > 0")
                .execute(Tuple.of(caller.tenant(), YearMonth.now(clock).toString()))
                .map(rows -> rows.iterator().next())
                .map(row -> Json.MAPPER
                        .createObjectNode()
                        .put("monthlyTokens", row.getLong("monthly_tokens"))
                        .put("totalTokens", row.getLong("total_tokens"))
                        .put("monthlyCost", row.getDouble("monthly_cost"))
                        .put("totalCost", row.getDouble("total_cost"))
                        // Null before the first.
                        .put("lastUsage", row.getString("last_usage"))
                        .toString());
    }

    /** How many instances and tasks there are, by status. */
    @GET
    @Path("/stats")
    public Uni<String> stats() {
        return pool.preparedQuery(
                        "select kind, status, count(*) as count from resource where tenant = $1 group by kind, status")
                .execute(Tuple.of(caller.tenant()))
                .map(rows -> Json.text(new TreeMap<>(
                        Map.of("instances", counts(rows, Resource.INSTANCE), "tasks", counts(rows, Resource.TASK)))));
    }

    private static Map<String, Long> counts(RowSet<Row> rows, String kind) {
        var counts = new TreeMap<String, Long>();
        for (var row : rows) {
            if (row.getString("kind").equals(kind)) {
                counts.put(row.getString("status"), row.getLong("count"));
            }
        }
        return counts;
    }
}
