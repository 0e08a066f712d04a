package ai.in10nt.stack;

import ai.in10nt.contracts.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** What runs and where, for people and for programs. */
final class Status {
    static final List<String> SERVICES =
            List.of("api-gateway", "provisioner-service", "task-service", "log-service", "integration-service");

    private Status() {}

    /**
     * One process.
     *
     * @param pid 0 while it doesn't run
     * @param restarts how often it died, or was rolled, and was started again, since the stack started
     */
    record Service(String name, long pid, String url, boolean ready, int restarts) {
        String metrics() {
            return url + Metrics.path(name);
        }
    }

    static void print(Settings settings, Home home, boolean asJson) {
        var services = services(settings, home);
        if (asJson) {
            System.out.println(Json.text(json(settings, home, services)));
            return;
        }
        boolean runs = Pids.find(home, "stack").isPresent();
        System.out.println(
                runs ? "The stack runs; state is in " + home.folder() : "The stack doesn't run; ./dev up starts it.");
        for (var service : services) {
            System.out.printf(
                    "  %-22s %-9s %8s  %s%s%n",
                    service.name(),
                    service.ready() ? "ready" : "down",
                    service.pid() == 0 ? "-" : service.pid(),
                    service.url(),
                    service.restarts() == 0 ? "" : "  started again " + times(service.restarts()));
        }
        if (runs) {
            printBacklog(Backlog.of("127.0.0.1:" + settings.kafkaPort(), services));
        }
    }

    private static String times(int count) {
        return count == 1 ? "once" : count + " times";
    }

    private static void printBacklog(Backlog backlog) {
        System.out.println("Waiting:");
        System.out.printf("  %-22s %s%n", "lag (records)", backlog.lag());
        System.out.printf("  %-22s %s%n", "unsettled rows", backlog.unsettled());
        System.out.printf("  %-22s %s%n", "unpublished events", backlog.unpublished());
        System.out.printf("  %-22s %s%n", "unanswered commands", backlog.unanswered());
        System.out.printf(
                "  %-22s %s%n",
                "dead letters", backlog.deadLetters() < 0 ? "unknown: Kafka is away" : backlog.deadLetters());
    }

    private static Map<String, Object> json(Settings settings, Home home, List<Service> services) {
        var status = new LinkedHashMap<String, Object>();
        status.put("baseUrl", "http://127.0.0.1:" + settings.gatewayPort(1));
        status.put("apiKey", read(home, "secrets/api-key"));
        status.put("kafka", "127.0.0.1:" + settings.kafkaPort());
        status.put("flyApiUrl", "http://127.0.0.1:" + settings.machinesPort());
        status.put("flyApiToken", read(home, "secrets/fly-token"));
        status.put("stateDir", home.folder().toString());
        status.put("keysetDir", home.at("keys").toString());
        status.put("volumesDir", home.at("machines/volumes").toString());
        status.put(
                "supervisorPid",
                Pids.find(home, "stack").map(ProcessHandle::pid).orElse(0L));
        status.put("services", services);
        if (Pids.find(home, "stack").isPresent()) {
            status.put("backlog", Backlog.of("127.0.0.1:" + settings.kafkaPort(), services));
        }
        var databases = new ArrayList<Map<String, String>>();
        for (var name : Parts.DATABASES) {
            databases.add(Map.of(
                    "name",
                    name,
                    "url",
                    "jdbc:postgresql://127.0.0.1:" + settings.postgresPort() + "/" + name,
                    "user",
                    name,
                    "password",
                    read(home, "secrets/postgres-" + name)));
        }
        status.put("databases", databases);
        return status;
    }

    /** Waits until the processes are as they should be; what is told otherwise is trouble. */
    static void await(Duration patience, BooleanSupplier wanted, Supplier<String> otherwise) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!wanted.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new Stack.Trouble(otherwise.get());
            }
            try {
                TimeUnit.MILLISECONDS.sleep(200);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    static List<Service> services(Settings settings, Home home) {
        var postgres = new Postgres(home, settings.postgresPort(), false);
        var services = new ArrayList<Service>();
        services.add(
                service(home, "postgresql", "postgresql://127.0.0.1:" + settings.postgresPort(), postgres.isReady()));
        var kafka = "127.0.0.1:" + settings.kafkaPort();
        services.add(
                service(home, "kafka", kafka, !Settings.isFree(settings.kafkaPort()) && Topics.areReachable(kafka)));
        services.add(http(home, "machines-local", settings.machinesPort(), "/health"));
        if (!Providers.areReal(settings)) {
            services.add(http(home, "demo-model", settings.modelPort(), "/health"));
        }
        for (int replica = 1; replica <= 9; replica++) {
            for (var module : SERVICES) {
                var name = Files.exists(home.at("run/" + module + "-" + replica + ".pid"))
                        ? module + "-" + replica
                        : module;
                if (replica == 1 || !name.equals(module)) {
                    services.add(one(settings, home, name));
                }
            }
        }
        return services;
    }

    /** Whether one runs and answers; of ours, without asking the others. */
    static boolean isReady(Settings settings, Home home, String name) {
        return name.matches("(api-gateway|.*-service)(-\\d)?")
                ? one(settings, home, name).ready()
                : services(settings, home).stream()
                        .anyMatch(service -> service.name().equals(name) && service.ready());
    }

    /** One of ours, by its name: {@code task-service}, {@code task-service-2}. */
    static Service one(Settings settings, Home home, String name) {
        boolean hasNumber = Character.isDigit(name.charAt(name.length() - 1));
        var module = hasNumber ? name.substring(0, name.length() - 2) : name;
        int replica = hasNumber ? name.charAt(name.length() - 1) - '0' : 1;
        return switch (module) {
            case "api-gateway" -> http(home, name, settings.gatewayPort(replica), "/health/ready");
            case "provisioner-service" -> http(home, name, settings.provisionerPort(replica), "/q/health/ready");
            case "task-service" -> http(home, name, settings.taskPort(replica), "/q/health/ready");
            case "log-service" -> http(home, name, settings.logPort(replica), "/q/health/ready");
            default -> http(home, name, settings.integrationPort(replica), "/q/health/ready");
        };
    }

    private static Service http(Home home, String name, int port, String health) {
        var url = "http://127.0.0.1:" + port;
        return service(home, name, url, Parts.answers(url + health));
    }

    private static Service service(Home home, String name, String url, boolean answers) {
        var process = Pids.find(home, name);
        var restarts = read(home, "run/" + name + ".restarts");
        return new Service(
                name,
                process.map(ProcessHandle::pid).orElse(0L),
                url,
                process.isPresent() && answers,
                restarts.isEmpty() ? 0 : Integer.parseInt(restarts));
    }

    private static String read(Home home, String name) {
        try {
            return Files.exists(home.at(name)) ? Files.readString(home.at(name)).strip() : "";
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    static String lastLines(Home home, String name) {
        var log = home.at("logs/" + name + ".log");
        try {
            var lines = Files.readAllLines(log);
            return String.join("\n", lines.subList(Math.max(0, lines.size() - 25), lines.size())) + "\n(" + log + ")";
        } catch (IOException e) {
            return "(no log at " + log + ")";
        }
    }
}
