package ai.in10nt.stack;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** The main program behind {@code ./dev}: up, down, status, demo, key. */
public final class Stack {
    private static final Duration PATIENCE = Duration.ofMinutes(3);
    private static final Duration STOPS_WITHIN = Duration.ofSeconds(10);

    private final Settings settings;
    private final Home home;
    private final Postgres postgres;
    private final Parts parts;
    private final List<Supervised> running = new ArrayList<>();
    private final long started = System.nanoTime();

    /** Something that the user must know, without a stack trace. */
    static final class Trouble extends RuntimeException {
        Trouble(String message) {
            super(message, null, false, false);
        }
    }

    private Stack(Settings settings, Home home) {
        this.settings = settings;
        this.home = home;
        this.postgres = new Postgres(home, settings.postgresPort(), isRoot());
        this.parts = new Parts(settings, home, postgres);
    }

    public static void main(String[] arguments) throws Exception {
        var words = List.of(arguments);
        var settings = Settings.from(System.getenv(), words);
        var home = new Home(settings.home());
        try {
            switch (words.isEmpty() ? "" : words.getFirst()) {
                case "up" -> new Stack(settings, home).up();
                case "record" -> new Stack(settings, home).record();
                case "down" -> down(home);
                case "status" -> Status.print(settings, home, words.contains("--json"));
                case "roll" -> Roll.run(settings, home);
                case "stop", "start" -> One.run(settings, home, words);
                case "scale" -> Replicas.scale(settings, home, words.subList(1, words.size()));
                case "rebuild-view" -> RebuildView.run(settings, home);
                case "log" -> InstanceLog.print(settings, home, words.subList(1, words.size()));
                case "demo" -> new Demo(settings, home).run();
                case "dead-letters" ->
                    DeadLetters.run("127.0.0.1:" + settings.kafkaPort(), words.subList(1, words.size()));
                case "rotate-keys" -> KeyRotation.run(home, KeyHolders.here(settings, home), System.out::println);
                case "key" -> Keys.create(settings, home, words.subList(1, words.size()));
                default ->
                    throw new Trouble(
                            "usage: up | record | down | status [--json] | stop NAME | start NAME | roll | scale N | rebuild-view | rotate-keys | demo | dead-letters | key create --tenant NAME [--scopes a,b]");
            }
        } catch (Trouble e) {
            System.err.println(e.getMessage());
            System.exit(1);
        }
    }

    private static boolean isRoot() {
        return "root".equals(System.getProperty("user.name"));
    }

    private void up() throws Exception {
        Pids.find(home, "stack").ifPresent(other -> {
            throw new Trouble(
                    "The stack runs already (pid " + other.pid() + "). ./dev status shows it, ./dev down stops it.");
        });
        var rotateKeysEvery = settings.rotateKeysEvery();
        Files.deleteIfExists(home.at("run/ready"));
        Pids.endLeftovers(home);
        refuseTakenPorts();
        Pids.remember(home, "stack", ProcessHandle.current().pid());
        var stop = new CountDownLatch(1);
        var stopped = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            stop.countDown();
            try {
                stopped.await(40, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }));
        try {
            startAll(stop);
            if (stop.getCount() > 0) {
                greet();
                Replicas.want(home, settings.replicas());
                Home.write(home.at("run/ready"), ProcessHandle.current().pid() + "\n");
                var schedule = new Schedule(settings, home, rotateKeysEvery, this::say);
                int has = settings.replicas();
                while (!stop.await(500, TimeUnit.MILLISECONDS)) {
                    has = replicate(has, Replicas.wanted(home, has));
                    schedule.look();
                }
            }
        } finally {
            stopAll();
            stopped.countDown();
        }
    }

    /** Starts all, runs the demo and stops, so that each program writes down which classes it has loaded by then. */
    private void record() throws Exception {
        var programs = new Programs(settings);
        Pids.remember(home, "stack", ProcessHandle.current().pid());
        Files.createDirectories(settings.root().resolve("target/aot"));
        try {
            startAll(new CountDownLatch(1));
            new Demo(settings, home).run();
            programs.recordStatus();
        } finally {
            stopAll();
        }
        programs.makeArchives();
    }

    private void refuseTakenPorts() {
        var taken = settings.ports().stream()
                .filter(port -> !Settings.isFree(port.number()))
                .toList();
        if (!taken.isEmpty()) {
            var text = new StringBuilder("Ports are taken:");
            taken.forEach(port -> text.append("\n  ")
                    .append(port.number())
                    .append(" (for ")
                    .append(port.owner())
                    .append(") by ")
                    .append(Listeners.of(port.number())));
            throw new Trouble(text.append("\nStop that, or choose other ports: IN10NT_PORT=8180 ./dev up")
                    .toString());
        }
    }

    private void startAll(CountDownLatch stop) throws Exception {
        home.makeKeys();
        home.secret("secrets/api-key", () -> "in10nt_" + home.random(32));
        say("preparing PostgreSQL");
        postgres.prepare();
        var basis = new ArrayList<>(List.of(parts.postgres(), parts.broker(), parts.machinesLocal()));
        if (!Providers.areReal(settings)) {
            basis.add(parts.demoModel());
        }
        start(basis, stop);
        for (var database : Parts.DATABASES) {
            postgres.ensureDatabase(database, home.password("postgres-" + database));
        }
        Topics.create(parts.kafka());
        say("sandbox: " + Files.readString(home.at("machines/driver")).strip());
        var services = new ArrayList<Supervised.Definition>();
        for (int replica = 1; replica <= settings.replicas(); replica++) {
            services.addAll(replica(replica));
        }
        start(services, stop);
    }

    private List<Supervised.Definition> replica(int number) {
        return List.of(
                parts.gateway(number),
                parts.provisioner(number),
                parts.tasks(number),
                parts.logs(number),
                parts.integrations(number));
    }

    /** Adds or takes away one of each service, where that is wanted; how many there are then. */
    private int replicate(int has, int wanted) {
        if (wanted > has) {
            replica(has + 1).forEach(this::supervise);
            say("replica " + (has + 1) + " of each service is added");
            return has + 1;
        }
        if (wanted < has) {
            List<Supervised> last;
            synchronized (running) {
                last = running.stream()
                        .filter(process -> process.name().endsWith("-" + has))
                        .toList();
                running.removeAll(last);
            }
            stop(last);
            say("replica " + has + " of each service is taken away");
            return has - 1;
        }
        return has;
    }

    private Supervised supervise(Supervised.Definition definition) {
        var process = new Supervised(definition, home, STOPS_WITHIN);
        synchronized (running) {
            running.add(process);
        }
        process.start();
        return process;
    }

    private void start(List<Supervised.Definition> definitions, CountDownLatch stop) throws InterruptedException {
        var waiting = new ArrayList<Supervised>();
        for (var definition : definitions) {
            waiting.add(supervise(definition));
        }
        say("starting "
                + String.join(", ", waiting.stream().map(Supervised::name).toList()));
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!waiting.isEmpty() && stop.getCount() > 0) {
            for (var process : List.copyOf(waiting)) {
                if (process.isReady()) {
                    waiting.remove(process);
                    say(process.name() + " is ready");
                } else if (process.hasDied()) {
                    throw new Trouble(process.name() + " doesn't start:\n" + Status.lastLines(home, process.name()));
                }
            }
            if (System.nanoTime() > deadline) {
                throw new Trouble(waiting.getFirst().name() + " isn't ready after " + PATIENCE.toSeconds() + " s:\n"
                        + Status.lastLines(home, waiting.getFirst().name()));
            }
            TimeUnit.MILLISECONDS.sleep(50);
        }
    }

    private void say(String what) {
        System.out.printf("%6.1f s  %s%n", (System.nanoTime() - started) / 1e9, what);
    }

    private void greet() throws IOException {
        var key = Files.readString(home.at("secrets/api-key")).strip();
        System.out.printf("""

                in10nt is ready at %1$s
                %3$s
                API key (tenant default, all scopes):  %2$s

                curl -s %1$s/instances -H 'Authorization: Bearer %2$s' \\
                  -H 'Content-Type: application/json' -d '{"name":"my-agent","description":"My coding agent"}'

                """, parts.url(settings.gatewayPort(1)), key, modelLine());
    }

    private String modelLine() {
        return Providers.areReal(settings)
                ? "models: " + String.join(", ", iterable(Providers.of(settings).fieldNames()))
                : "models: the demo model stands in for OpenRouter: scripted answers, no intelligence (docs/demo-model.md)";
    }

    private static List<String> iterable(java.util.Iterator<String> names) {
        var list = new ArrayList<String>();
        names.forEachRemaining(list::add);
        return list;
    }

    /** Services first, so that nobody reacts to the machines' end; then machines, then what all stand on. */
    private void stopAll() {
        List<Supervised> all;
        synchronized (running) {
            all = List.copyOf(running);
        }
        var basis = List.of("machines-local", "demo-model", "kafka", "postgresql");
        stop(all.stream().filter(process -> !basis.contains(process.name())).toList());
        stop(named(all, "machines-local"));
        Pids.endMachines(home);
        stop(named(all, "demo-model"));
        stop(named(all, "kafka"));
        stop(named(all, "postgresql"));
        Pids.forget(home, "stack");
        try {
            Files.deleteIfExists(home.at("run/ready"));
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
        say("stopped");
    }

    private static List<Supervised> named(List<Supervised> all, String name) {
        return all.stream().filter(process -> process.name().equals(name)).toList();
    }

    private static void stop(List<Supervised> processes) {
        var threads = processes.stream()
                .map(process -> Thread.ofVirtual().start(process::stop))
                .toList();
        for (var thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static void down(Home home) {
        Optional<ProcessHandle> stack = Pids.find(home, "stack");
        if (stack.isEmpty()) {
            Pids.endLeftovers(home);
            System.out.println("The stack doesn't run.");
            return;
        }
        stack.get().destroy();
        if (!Pids.await(stack.get(), Duration.ofSeconds(45))) {
            stack.get().destroyForcibly();
            Pids.endLeftovers(home);
        }
        System.out.println("stopped");
    }
}
