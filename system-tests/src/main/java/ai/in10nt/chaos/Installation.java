package ai.in10nt.chaos;

import ai.in10nt.stories.Client;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** A stack that runs, however it was started: what a load asks, and what can be done to it. */
public sealed interface Installation permits LocalInstallation, ContainerInstallation {
    /** Of a replica of the gateway, counted from 1. */
    String url(int replica);

    int replicas();

    String key();

    default Client gateway(int replica) {
        return new Client(url(replica), key());
    }

    /** What plays Fly. */
    Client fly();

    Client model();

    /** How a client reads all topics. */
    Map<String, Object> kafka();

    /** Of our services, each replica: {@code task-service-2}. */
    List<String> services();

    /** What services stand on. */
    List<String> basis();

    /** Its main process as this machine sees it; none while it is down. */
    Optional<ProcessHandle> process(String name);

    /** Lines that name what is left of machines that are none of these. */
    Set<String> ofNoMachine(Set<String> machines);
}
