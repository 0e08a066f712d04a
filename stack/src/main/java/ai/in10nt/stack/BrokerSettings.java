package ai.in10nt.stack;

/** What a broker of ours is like, wherever it runs. */
final class BrokerSettings {
    /** All but its addresses. */
    static final String COMMON = """
            auto.create.topics.enable=false
            message.max.bytes=4194304
            replica.fetch.max.bytes=4194304
            offsets.topic.replication.factor=1
            offsets.topic.num.partitions=4
            transaction.state.log.replication.factor=1
            transaction.state.log.min.isr=1
            transaction.state.log.num.partitions=4
            share.coordinator.state.topic.replication.factor=1
            share.coordinator.state.topic.min.isr=1
            metadata.max.idle.interval.ms=5000
            group.initial.rebalance.delay.ms=0
            group.min.session.timeout.ms=2000
            log.cleaner.dedupe.buffer.size=4194304
            log.segment.bytes=67108864
            num.network.threads=2
            num.io.threads=4
            """;

    private BrokerSettings() {}
}
