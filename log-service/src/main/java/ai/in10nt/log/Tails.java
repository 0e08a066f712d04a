package ai.in10nt.log;

import ai.in10nt.contracts.AgentAccess;
import ai.in10nt.contracts.InstanceId;
import ai.in10nt.contracts.Topic;
import io.micrometer.core.instrument.MeterRegistry;
import io.quarkus.runtime.ShutdownEvent;
import io.smallrye.common.annotation.Identifier;
import io.smallrye.reactive.messaging.kafka.KafkaConsumerRebalanceListener;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.PoolOptions;
import jakarta.enterprise.context.ApplicationScoped;
import jakarta.enterprise.event.Observes;
import jakarta.enterprise.inject.Default;
import java.util.Collection;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.common.TopicPartition;
import org.jboss.logging.Logger;

/** The instances whose partitions the consumer group gave to this process: a waiting connection each, and no thread. */
@ApplicationScoped
@Default
@Identifier("tails")
class Tails implements KafkaConsumerRebalanceListener {
    private static final Logger LOG = Logger.getLogger(Tails.class);
    private static final int CONNECT_MS = 2000;
    private static final long AGAIN_MS = 1000;

    private final LogStore store;
    private final Publisher publisher;
    private final AgentAccess access;
    private final Vertx vertx;
    private final HttpClient client;
    private final Set<Integer> owned = ConcurrentHashMap.newKeySet();
    private final Map<String, Tail> tails = new ConcurrentHashMap<>();
    private volatile boolean isStopping;

    Tails(LogStore store, Publisher publisher, AgentAccess access, Vertx vertx, MeterRegistry metrics) {
        this.store = store;
        this.publisher = publisher;
        this.access = access;
        this.vertx = vertx;
        // One waits at each machine; while it is given up for the next boot's there are two.
        this.client = vertx.createHttpClient(
                new HttpClientOptions().setConnectTimeout(CONNECT_MS).setTcpNoDelay(true),
                new PoolOptions().setHttp1MaxSize(4));
        metrics.gaugeMapSize("log.tail.open", java.util.List.of(), tails);
    }

    void stop(@Observes ShutdownEvent event) {
        isStopping = true;
        tails.values().forEach(Tail::stop);
    }

    @Override
    public void onPartitionsAssigned(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        var numbers = numbers(partitions);
        owned.addAll(numbers);
        load(numbers);
    }

    @Override
    public void onPartitionsRevoked(Consumer<?, ?> consumer, Collection<TopicPartition> partitions) {
        var numbers = numbers(partitions);
        owned.removeAll(numbers);
        tails.forEach((id, tail) -> {
            if (numbers.contains(partition(id))) {
                tail.stop();
                tails.remove(id, tail);
            }
        });
    }

    private static Set<Integer> numbers(Collection<TopicPartition> partitions) {
        return partitions.stream().map(TopicPartition::partition).collect(Collectors.toSet());
    }

    private static int partition(String instanceId) {
        return Topic.partitionOf(new InstanceId(instanceId));
    }

    private void load(Set<Integer> partitions) {
        store.open(partitions).onSuccess(all -> all.forEach(this::follow)).onFailure(failure -> {
            LOG.warnf("logs aren't followed yet: %s", failure);
            later(AGAIN_MS, () -> load(partitions));
        });
    }

    /** An instance as it is now. */
    void follow(LogStore.Followed now) {
        if (isStopping || !owned.contains(partition(now.instanceId()))) {
            return;
        }
        var known = tails.get(now.instanceId());
        if (known != null) {
            known.follow(now);
        } else {
            begin(now);
        }
    }

    /** From the last line that is stored; a record that is older than the row is of no use. */
    private void begin(LogStore.Followed now) {
        store.followed(now.instanceId())
                .onSuccess(row -> row.ifPresent(stored -> {
                    if (!isStopping && owned.contains(partition(stored.instanceId()))) {
                        tails.computeIfAbsent(stored.instanceId(), _ -> new Tail(this, stored))
                                .follow(stored);
                    }
                }))
                .onFailure(_ -> later(AGAIN_MS, () -> follow(now)));
    }

    void forget(String instanceId) {
        var tail = tails.remove(instanceId);
        if (tail != null) {
            tail.stop();
        }
    }

    void later(long ms, Runnable action) {
        vertx.setTimer(ms, _ -> action.run());
    }

    HttpClient client() {
        return client;
    }

    AgentAccess access() {
        return access;
    }

    Publisher publisher() {
        return publisher;
    }
}
