package ai.in10nt.integration;

import ai.in10nt.contracts.InstanceEvent;
import ai.in10nt.contracts.InstanceStatus;
import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.Table;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** What this service knows of an instance, as of its latest event. */
@Entity
@Table(name = "instance_mirror")
class InstanceMirror {
    @Id
    String id = "";

    int partition;
    String tenant = "";
    long revision;
    String status = "";
    int generation;

    @Column(name = "agent_url")
    @Nullable
    String agentUrl;

    static InstanceMirror of(InstanceEvent event, String tenant, int partition) {
        var mirror = new InstanceMirror();
        mirror.id = event.instance().instanceId().value();
        mirror.partition = partition;
        mirror.tenant = tenant;
        mirror.set(event);
        return mirror;
    }

    void set(InstanceEvent event) {
        revision = event.revision();
        status = event.instance().status().text();
        generation = event.instance().generation();
        if (event.instance().agentUrl() != null) {
            agentUrl = event.instance().agentUrl();
        }
    }

    InstanceStatus status() {
        return InstanceStatus.valueOf(status.toUpperCase(Locale.ROOT));
    }

    /** Whether its agent can be told something, or soon can. */
    boolean isUp() {
        return agentUrl != null
                && switch (status()) {
                    case STARTING, HEALTHY, UNHEALTHY -> true;
                    case PROVISIONING, STOPPING, STOPPED, DESTROYING, DESTROYED, FAILED -> false;
                };
    }
}
