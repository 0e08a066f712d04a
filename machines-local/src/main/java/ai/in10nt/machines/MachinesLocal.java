package ai.in10nt.machines;

import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;

/** The main program: finds a driver, takes up what is there, serves Fly's API on loopback. */
public final class MachinesLocal {
    private MachinesLocal() {}

    public static void main(String[] arguments) throws IOException {
        try {
            start(System.getenv());
        } catch (IllegalStateException e) {
            System.err.println("machines-local: " + e.getMessage());
            System.exit(3);
        }
    }

    /** Serves until the answer is closed; machines go on all the same. Throws IllegalStateException where no sandbox can be made. */
    public static Vertx start(Map<String, String> environment) throws IOException {
        var config = Config.from(environment);
        Files.createDirectories(
                config.home(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        var driver = Drivers.choose(config);
        System.out.println("driver: " + driver.describe());
        Files.writeString(config.home().resolve("driver"), driver.describe() + "\n");
        var store = new Store(config.home());
        var apps = new Apps(store);
        var faults = new Faults();
        var volumes = new Volumes(store, driver.folders(), new Snapshots(store, driver.folders()));
        var table = new MachineTable(store, config.addresses());
        var lifecycle = new Lifecycle(table, driver, volumes, faults);
        var machines = new Machines(table, driver, volumes, lifecycle);
        var access = new Access(config.token());
        lifecycle.adopt();
        if (config.docker().endsMachines()) {
            Runtime.getRuntime().addShutdownHook(new Thread(lifecycle::endAll));
        }
        var vertx = Vertx.vertx(
                new VertxOptions().setEventLoopPoolSize(1).setWorkerPoolSize(2).setInternalBlockingPoolSize(2));
        vertx.createHttpServer()
                .requestHandler(new Api(apps, access, faults, driver)
                        .router(
                                vertx,
                                new MachinesApi(machines, new Leases(table), faults),
                                new VolumesApi(volumes),
                                new AppsApi(apps, machines, volumes, access)))
                .listen(config.port(), config.host())
                .toCompletionStage()
                .toCompletableFuture()
                .join();
        System.out.println("machines-local on port " + config.port());
        return vertx;
    }
}
