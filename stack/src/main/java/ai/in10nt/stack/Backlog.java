package ai.in10nt.stack;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.common.TopicPartition;

/**
 * What waits: records that consumers haven't taken, rows that aren't as wanted yet, commands without an answer, dead letters.
 *
 * @param lag records, by consumer group
 * @param unsettled rows that want a step now, by module
 * @param unpublished events that are committed and not yet on their topic
 * @param unanswered commands that the gateway accepted and the owner hasn't answered
 * @param deadLetters records that could not be understood, ever
 */
record Backlog(
        Map<String, Long> lag, Map<String, Long> unsettled, long unpublished, long unanswered, long deadLetters) {
    private static final long COUNTED = 1000;
    private static final Duration PATIENCE = Duration.ofSeconds(5);

    static Backlog of(String kafka, List<Status.Service> services) {
        var unsettled = new TreeMap<String, Long>();
        long unpublished = 0;
        long unanswered = 0;
        for (var service : services) {
            if (service.ready() && service.name().matches("(api-gateway|.*-service).*")) {
                var metrics = Metrics.at(service.metrics());
                var module = service.name().replaceFirst("-\\d$", "");
                if (metrics.containsKey("relay_row_unsettled")) {
                    unsettled.merge(module, metrics.get("relay_row_unsettled"), Long::sum);
                }
                unpublished += metrics.getOrDefault("relay_outbox_waiting", 0L);
                // Each replica counts all of them.
                unanswered = Math.max(unanswered, metrics.getOrDefault("gateway_command_unanswered", 0L));
            }
        }
        try (var admin = Topics.admin(kafka)) {
            return new Backlog(lag(kafka, admin), unsettled, unpublished, unanswered, deadLetters(admin));
        } catch (ExecutionException | TimeoutException e) {
            return new Backlog(Map.of(), unsettled, unpublished, unanswered, -1);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, Long> lag(String kafka, Admin admin)
            throws ExecutionException, InterruptedException, TimeoutException {
        var lags = new TreeMap<String, Long>();
        for (var group : admin.listGroups().all().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            var committed = admin.listConsumerGroupOffsets(group.groupId())
                    .partitionsToOffsetAndMetadata()
                    .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
            var ends = offsets(admin, committed.keySet().stream().toList(), OffsetSpec.latest());
            var behind = committed.entrySet().stream()
                    .filter(entry -> entry.getValue() != null
                            && entry.getValue().offset() < ends.getOrDefault(entry.getKey(), 0L))
                    .collect(Collectors.toMap(
                            Map.Entry::getKey, entry -> entry.getValue().offset()));
            lags.put(group.groupId(), records(kafka, behind, ends));
        }
        return lags;
    }

    /** Between offsets there are also the marks of transactions: a short way is counted, a long one is told as it is. */
    private static long records(String kafka, Map<TopicPartition, Long> from, Map<TopicPartition, Long> to) {
        long distance = from.entrySet().stream()
                .mapToLong(entry -> to.getOrDefault(entry.getKey(), 0L) - entry.getValue())
                .sum();
        if (distance == 0 || distance > COUNTED) {
            return distance;
        }
        long count = 0;
        try (var consumer = Topics.consumer(kafka)) {
            consumer.assign(from.keySet());
            from.forEach(consumer::seek);
            long deadline = System.nanoTime() + PATIENCE.toNanos();
            while (System.nanoTime() < deadline
                    && from.keySet().stream()
                            .anyMatch(partition -> consumer.position(partition) < to.getOrDefault(partition, 0L))) {
                count += consumer.poll(Duration.ofMillis(200)).count();
            }
        }
        return count;
    }

    private static long deadLetters(Admin admin) throws ExecutionException, InterruptedException, TimeoutException {
        var topic = "in10nt.dead-letters";
        var described = Objects.requireNonNull(admin.describeTopics(List.of(topic))
                .allTopicNames()
                .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .get(topic));
        var partitions = described.partitions().stream()
                .map(partition -> new TopicPartition(topic, partition.partition()))
                .toList();
        var ends = offsets(admin, partitions, OffsetSpec.latest());
        var beginnings = offsets(admin, partitions, OffsetSpec.earliest());
        long letters = 0;
        for (var partition : partitions) {
            letters += ends.getOrDefault(partition, 0L) - beginnings.getOrDefault(partition, 0L);
        }
        return letters;
    }

    private static Map<TopicPartition, Long> offsets(Admin admin, List<TopicPartition> partitions, OffsetSpec spec)
            throws ExecutionException, InterruptedException, TimeoutException {
        return admin
                .listOffsets(partitions.stream().collect(Collectors.toMap(partition -> partition, _ -> spec)))
                .all()
                .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)
                .entrySet()
                .stream()
                .collect(Collectors.toMap(Map.Entry::getKey, entry -> offset(entry.getValue())));
    }

    private static long offset(ListOffsetsResult.ListOffsetsResultInfo info) {
        return info.offset();
    }
}
