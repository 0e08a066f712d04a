package ai.in10nt.agent;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.TaskCommand.McpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The agent itself, {@code opencode serve}: started with the machine, started again when it dies, stopped with this process. */
final class OpenCodeProcess {
    private static final Duration AGAIN = Duration.ofMillis(300);

    /** What it writes when it takes requests. One that comes a moment before is never answered. */
    private static final String LISTENING = "opencode server listening";
    /** Then it is asked all the same, should another version say so in other words. */
    private static final Duration IN_OTHER_WORDS = Duration.ofSeconds(20);

    private static final String SOURCE = "opencode";
    /** Without them the agent is better than no agent. */
    private static final Duration FOR_INTEGRATIONS = Duration.ofSeconds(15);

    private final AgentConfig config;
    private final LogBook log;
    private final AgentUser user;
    private final int port;
    private final OpenCode api;
    private volatile @Nullable Process process;
    private long begunWith;
    private volatile boolean isStopping;
    private volatile boolean isReady;
    private volatile boolean isStartedAnew;
    private volatile boolean isListening;

    OpenCodeProcess(AgentConfig config, AgentUser user, LogBook log, int port) {
        this.log = log;
        this.config = config;
        this.user = user;
        this.port = port;
        this.api = new OpenCode(port, config.openCodePassword());
    }

    OpenCode api() {
        return api;
    }

    boolean isReady() {
        return isReady;
    }

    void start() {
        Runtime.getRuntime().addShutdownHook(new Thread(this::stop));
        Thread.ofVirtual().name("opencode").start(this::supervise);
    }

    /** Whether it began with other integrations than there are now. */
    synchronized boolean isOld() {
        return process != null && begunWith < config.integrations().revision();
    }

    /** Where it is old: begun anew, with the environment as it is then; not ready until it is up again. */
    synchronized void renew() {
        var running = process;
        if (running != null && isOld() && !isStartedAnew) {
            isStartedAnew = true;
            isReady = false;
            log.add("system", SOURCE, null, "the agent is started anew: its integrations have changed");
            running.destroy();
        }
    }

    private void supervise() {
        while (!isStopping) {
            try {
                if (!config.integrations().await(FOR_INTEGRATIONS)) {
                    log.add("error", SOURCE, null, "integrations didn't come in time; the agent begins without them");
                }
                var started = begin();
                awaitReady(started);
                int code = started.waitFor();
                isReady = false;
                if (!isStopping && !isStartedAnew) {
                    Log.warn("opencode ended with %d, starting it again", code);
                    log.add(
                            "error",
                            SOURCE,
                            null,
                            "the agent ended (" + Commands.exit(code) + ") and is started again");
                    TimeUnit.MILLISECONDS.sleep(AGAIN.toMillis());
                }
            } catch (IOException e) {
                throw new UncheckedIOException("opencode can't be started", e);
            } catch (InterruptedException e) {
                return;
            }
        }
    }

    /** Whoever wants it started anew meanwhile waits, and then ends this one: an older one's end would bring nothing. */
    private synchronized Process begin() throws IOException {
        isStartedAnew = false;
        isListening = false;
        begunWith = config.integrations().revision();
        var started = launch();
        process = started;
        return started;
    }

    private void awaitReady(Process started) throws InterruptedException {
        long silent = System.nanoTime() + IN_OTHER_WORDS.toNanos();
        while (started.isAlive()) {
            if ((isListening || System.nanoTime() > silent) && api.isHealthy()) {
                isReady = !isStartedAnew;
                return;
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }

    private void stop() {
        isStopping = true;
        var running = process;
        if (running != null) {
            running.destroy();
        }
    }

    private Process launch() throws IOException {
        Files.writeString(configFile(), Json.text(openCodeConfig(config)));
        // None of the thousands of models that it brings along: to look through them costs the first run four seconds
        // and 230 MB.
        Files.writeString(modelsFile(), "{}");
        var env = user.environment();
        env.putAll(Map.of(
                "OPENCODE_CONFIG", configFile().toString(),
                "OPENCODE_SERVER_PASSWORD", config.openCodePassword(),
                "OPENCODE_MODELS_PATH", modelsFile().toString(),
                "OPENCODE_DISABLE_MODELS_FETCH", "1",
                "OPENCODE_DISABLE_AUTOUPDATE", "1",
                "OPENCODE_DISABLE_DEFAULT_PLUGINS", "1",
                "OPENCODE_DISABLE_LSP_DOWNLOAD", "1",
                "OPENCODE_DISABLE_PROJECT_CONFIG", "1",
                "OPENCODE_PURE", "1"));
        var program = List.of(
                config.openCode().toString(), "serve", "--hostname", "127.0.0.1", "--port", String.valueOf(port));
        var started = user.program("agent", env, config.workspace(), program)
                .redirectErrorStream(true)
                .start();
        Thread.ofVirtual().name("opencode-output").start(() -> read(started.getInputStream()));
        return started;
    }

    private void read(InputStream output) {
        var lines = new LineFeed(line -> {
            if (line.startsWith(LISTENING)) {
                isListening = true;
            }
            log.add("stdout", SOURCE, null, line);
        });
        var bytes = new byte[8192];
        try (output) {
            for (int count = output.read(bytes); count >= 0; count = output.read(bytes)) {
                lines.add(bytes, count);
            }
            lines.end();
        } catch (IOException e) {
            Log.info("opencode's output ended: %s", e);
        }
    }

    /** Where the agent may read it but not put something else in its place. */
    private Path configFile() {
        return config.data().resolve("opencode.json");
    }

    private Path modelsFile() {
        return config.data().resolve("opencode-models.json");
    }

    /** Folders and OpenCode's own configuration: one provider, which is the model proxy, and one name for whatever model. */
    void prepare() {
        try {
            if (!Files.exists(config.workspace())) {
                // Only the volume outlives a stop: at Fly it is mounted in one place.
                Files.createDirectories(config.data().resolve("workspace"));
                Files.createSymbolicLink(config.workspace(), config.data().resolve("workspace"));
            }
            boolean isNew = !Files.exists(config.home());
            for (var folder :
                    List.of(config.state(), config.home(), config.home().resolve("tmp"), config.workspace())) {
                Files.createDirectories(folder);
            }
            if (isNew) {
                prepareHome(config.home().resolve(".config/opencode"));
            }
            if (config.agentUser().isPresent()) {
                int user = config.agentUser().get();
                give(config.home(), user);
                give(config.workspace().toRealPath(), user);
                Files.setPosixFilePermissions(config.state(), PosixFilePermissions.fromString("rwx------"));
            }
        } catch (IOException e) {
            throw new UncheckedIOException("the machine's folders", e);
        }
    }

    /**
     * OpenCode gets what plugins are written with from npm, 95 MB, where it thinks that its folder hasn't got it. No plugins are loaded
     * here: a lock file that names it, and a folder for it, are enough.
     */
    private static void prepareHome(Path openCode) throws IOException {
        Files.createDirectories(openCode.resolve("node_modules"));
        var dependencies = Map.of("dependencies", Map.of("@opencode-ai/plugin", "*"));
        Files.writeString(openCode.resolve("package.json"), Json.text(dependencies));
        Files.writeString(
                openCode.resolve("package-lock.json"),
                Json.text(Map.of("lockfileVersion", 3, "packages", Map.of("", dependencies))));
    }

    /** Only what isn't the agent's yet: a workspace can be large, and a boot must be quick. */
    private static void give(Path folder, int user) throws IOException {
        if ((Integer) Files.getAttribute(folder, "unix:uid") == user) {
            return;
        }
        try (var paths = Files.walk(folder)) {
            for (var path : (Iterable<Path>) paths::iterator) {
                Files.setAttribute(path, "unix:uid", user, java.nio.file.LinkOption.NOFOLLOW_LINKS);
                Files.setAttribute(path, "unix:gid", user, java.nio.file.LinkOption.NOFOLLOW_LINKS);
            }
        }
    }

    /** OpenCode puts the variables of its own environment in: none of their values is in the file. */
    private static Map<String, Object> mcpServers(List<McpServer> servers) {
        var all = new TreeMap<String, Object>();
        servers.forEach(server -> {
            var headers = new TreeMap<String, String>();
            server.headers().forEach((name, value) -> headers.put(name, inOpenCodesWords(value)));
            all.put(
                    server.name(),
                    Map.of(
                            "type",
                            "remote",
                            "url",
                            inOpenCodesWords(server.url()),
                            "headers",
                            headers,
                            "oauth",
                            false));
        });
        return all;
    }

    private static String inOpenCodesWords(String text) {
        return Variables.NAMED.matcher(text).replaceAll("{env:$1}");
    }

    static Map<String, Object> openCodeConfig(AgentConfig config) {
        var model = Map.of(
                "name", "The run's model", "tool_call", true, "limit", Map.of("context", 200_000, "output", 32_000));
        var provider = Map.of(
                "npm",
                "@ai-sdk/openai-compatible",
                "name",
                "in10nt",
                "options",
                Map.of("baseURL", "http://127.0.0.1:" + config.proxyPort() + "/v1", "apiKey", "in10nt"),
                "models",
                Map.of(OpenCode.MODEL, model));
        return Map.of(
                "model",
                OpenCode.PROVIDER + "/" + OpenCode.MODEL,
                "small_model",
                OpenCode.PROVIDER + "/" + OpenCode.MODEL,
                "autoupdate",
                false,
                "share",
                "disabled",
                "snapshot",
                false,
                "enabled_providers",
                List.of(OpenCode.PROVIDER),
                // An ask would wait for ever: nobody is there to answer.
                "permission",
                Map.of("*", "allow", "external_directory", "allow", "doom_loop", "allow", "question", "deny"),
                "provider",
                Map.of(OpenCode.PROVIDER, provider),
                "mcp",
                mcpServers(config.integrations().mcpServers()));
    }
}
