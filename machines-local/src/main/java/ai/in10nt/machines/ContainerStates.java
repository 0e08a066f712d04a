package ai.in10nt.machines;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.Event;
import java.io.IOException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** How our containers stand, in the engine's words, for those who ask many times a second. */
final class ContainerStates {
    /** How long a list of all is right where no event said otherwise. */
    private static final long FRESH = TimeUnit.SECONDS.toNanos(2);

    private final DockerClient client;
    private final Map<String, String> labels;
    private Map<String, String> states = Map.of();
    private long listed;
    private volatile boolean isStale = true;

    ContainerStates(DockerClient client, Map<String, String> labels) {
        this.client = client;
        this.labels = Map.copyOf(labels);
        Thread.ofVirtual().name("docker-events").start(this::follow);
    }

    /** One of them was just told something. */
    void changed() {
        isStale = true;
    }

    /** From one list of all, which is looked at again when an event says that something is different. */
    synchronized String of(String name) {
        if (isStale || System.nanoTime() - listed > FRESH) {
            isStale = false;
            listed = System.nanoTime();
            var found = new HashMap<String, String>();
            for (var container : client.listContainersCmd()
                    .withShowAll(true)
                    .withLabelFilter(labels)
                    .exec()) {
                found.put(nameOf(container), String.valueOf(container.getState()));
            }
            states = found;
        }
        return states.getOrDefault(name, "");
    }

    private static String nameOf(Container container) {
        return container.getNames().length == 0 ? "" : container.getNames()[0].substring(1);
    }

    private void follow() {
        while (true) {
            try (var events = new ResultCallback.Adapter<Event>() {
                @Override
                public void onNext(Event event) {
                    isStale = true;
                }
            }) {
                client.eventsCmd().withLabelFilter(labels).exec(events).awaitCompletion();
            } catch (RuntimeException | IOException e) {
                System.err.println("the engine's events: " + e.getMessage());
            } catch (InterruptedException e) {
                return;
            }
            isStale = true;
            Host.pause(Duration.ofSeconds(1));
        }
    }
}
