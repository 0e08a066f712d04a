package ai.in10nt.benchmarks;

import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Tuple;

/** What a read of the gateway is measured against: one SELECT by primary key, and the bytes as they are. A process of its own. */
final class BareHandler {
    private BareHandler() {}

    /** Arguments: port, the database's URL, user and password. */
    public static void main(String[] arguments) {
        var vertx = Vertx.vertx();
        var pool = PgBuilder.pool()
                .connectingTo(PgConnectOptions.fromUri(arguments[1])
                        .setUser(arguments[2])
                        .setPassword(arguments[3])
                        .setCachePreparedStatements(true))
                .with(new PoolOptions().setMaxSize(20).setShared(true))
                .using(vertx)
                .build();
        for (int i = 0; i < Runtime.getRuntime().availableProcessors(); i++) {
            vertx.createHttpServer()
                    .requestHandler(request -> pool.preparedQuery("select body::text from resource where id = $1")
                            .execute(Tuple.of(String.valueOf(request.path()).substring("/instances/".length())))
                            .onSuccess(rows -> request.response()
                                    .putHeader("Content-Type", "application/json")
                                    .end(rows.iterator().next().getString(0)))
                            .onFailure(failure ->
                                    request.response().setStatusCode(500).end(String.valueOf(failure))))
                    .listen(Integer.parseInt(arguments[0]), "127.0.0.1")
                    .toCompletionStage()
                    .toCompletableFuture()
                    .join();
        }
        System.out.println("ready");
    }
}
