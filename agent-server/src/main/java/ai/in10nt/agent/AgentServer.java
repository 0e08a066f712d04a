package ai.in10nt.agent;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/** The main program of a machine. */
public final class AgentServer {
    /** For how long the log's follower may take its end. */
    private static final Duration LAST_WORDS = Duration.ofSeconds(1);

    private AgentServer() {}

    public static void main(String[] arguments) throws IOException {
        var config = AgentConfig.from(System.getenv());
        var vertx = Vertx.vertx(
                new VertxOptions().setEventLoopPoolSize(2).setWorkerPoolSize(2).setInternalBlockingPoolSize(2));
        var entrance = new Entrance(vertx, config);
        listen(vertx, config, entrance);
        var user = new AgentUser(config);
        var log = new LogBook(config);
        var agent = new OpenCodeProcess(config, user, log, config.proxyPort() + 1);
        agent.prepare();
        log.beginBoot(config.secrets().generation());
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            log.endBoot();
            log.awaitFetched(LAST_WORDS);
        }));
        var workspace = new Workspace(config);
        var baseline = new Baseline(config);
        baseline.takeIfThereIsNone(workspace);
        agent.start();
        var store = new RunStore(config.state(), new Masks(config));
        var runs = new Runs(config, agent, store, log);
        Thread.ofVirtual().name("events").start(() -> follow(agent, runs));
        var proxy = new ModelProxy(vertx, config, runs);
        var httpTools = new HttpTools(config, runs);
        vertx.createHttpServer()
                .requestHandler(request -> {
                    if (HttpTools.PATH.equals(request.path())) {
                        httpTools.handle(request);
                    } else {
                        proxy.handle(request);
                    }
                })
                .listen(config.proxyPort(), "127.0.0.1")
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        var ports = new Ports(config, user);
        entrance.open(new Api(
                        config,
                        agent,
                        runs,
                        log,
                        new Commands(config, user, log),
                        new FileApi(new WorkspaceFiles(config, workspace)),
                        new WorkspaceApi(
                                workspace, new Changes(workspace, baseline), ports, new PortProxy(vertx, ports)))
                .router(vertx));
        Log.info(
                "%s generation %d is open on port %d",
                config.secrets().instanceId(), config.secrets().generation(), config.port());
    }

    private static void listen(Vertx vertx, AgentConfig config, Entrance entrance) {
        var options = new HttpServerOptions()
                .setTcpNoDelay(true)
                .setMaxHeaderSize(64 * 1024)
                .setMaxChunkSize(64 * 1024)
                .setMaxInitialLineLength(64 * 1024);
        vertx.createHttpServer(options)
                .requestHandler(entrance::handle)
                .listen(config.port(), config.host())
                .toCompletionStage()
                .toCompletableFuture()
                .join();
    }

    /** Follows the agent's events for as long as this process lives, over the agent's deaths. */
    private static void follow(OpenCodeProcess agent, Runs runs) {
        while (true) {
            try {
                if (agent.isReady()) {
                    agent.api().events(runs::told);
                }
                TimeUnit.MILLISECONDS.sleep(50);
            } catch (OpenCode.Unavailable away) {
                Log.info("%s", away);
            } catch (InterruptedException e) {
                return;
            }
        }
    }
}
