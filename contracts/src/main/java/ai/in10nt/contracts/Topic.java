package ai.in10nt.contracts;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** Every topic, declared once: name, owner, what is in it, how long it is kept. Auto-creation is off. */
public enum Topic {
    INSTANCE_COMMANDS("in10nt.instance.commands", "provisioner-service", Keep.DAYS_7, "what is wanted of instances"),
    INSTANCE_EVENTS("in10nt.instance.events", "provisioner-service", Keep.LATEST, "what became of instances"),
    TASK_COMMANDS("in10nt.task.commands", "task-service", Keep.DAYS_7, "prompts to run"),
    TASK_EVENTS("in10nt.task.events", "task-service", Keep.LATEST, "what became of tasks"),
    INTEGRATION_COMMANDS(
            "in10nt.integration.commands", "integration-service", Keep.DAYS_7, "what is wanted of integrations"),
    INTEGRATION_EVENTS("in10nt.integration.events", "integration-service", Keep.LATEST, "what became of integrations"),
    LOG_LINES("in10nt.log.lines", "log-service", Keep.DAY_1, "lines of instances' logs, in batches"),
    REPLIES("in10nt.replies", "all services", Keep.DAYS_7, "answers to commands that caused no event"),
    DEAD_LETTERS("in10nt.dead-letters", "all services", Keep.DAYS_30, "records that could not be understood");

    /** Fixed for ever: the partition of an instance must not move. */
    public static final int PARTITIONS = 12;

    /** The largest record that a topic takes, in bytes. */
    public static final int MAX_RECORD_BYTES = 4 * 1024 * 1024;

    /** How long records are kept. */
    public enum Keep {
        DAY_1("1 day"),
        DAYS_7("7 days"),
        DAYS_30("30 days"),
        LATEST("compacted after 7 days: the newest record of each key stays");

        private final String text;

        Keep(String text) {
            this.text = text;
        }

        @Override
        public String toString() {
            return text;
        }
    }

    private final String topicName;
    private final String owner;
    private final Keep keep;
    private final String about;

    Topic(String topicName, String owner, Keep keep, String about) {
        this.topicName = topicName;
        this.owner = owner;
        this.keep = keep;
        this.about = about;
    }

    public String topicName() {
        return topicName;
    }

    public String owner() {
        return owner;
    }

    public Keep keep() {
        return keep;
    }

    public String about() {
        return about;
    }

    /** The settings to create the topic with, in Kafka's own words. */
    public Map<String, String> config() {
        var config = new LinkedHashMap<String, String>();
        config.put("max.message.bytes", String.valueOf(MAX_RECORD_BYTES));
        switch (keep) {
            case DAY_1 -> config.put("retention.ms", millis(1));
            case DAYS_7 -> config.put("retention.ms", millis(7));
            case DAYS_30 -> config.put("retention.ms", millis(30));
            case LATEST -> {
                config.put("cleanup.policy", "compact");
                config.put("min.compaction.lag.ms", millis(7));
            }
        }
        return config;
    }

    private static String millis(int days) {
        return String.valueOf(Duration.ofDays(days).toMillis());
    }

    /** The partition of everything about one instance (Kafka's own default: murmur2 of the id's UTF-8 bytes). */
    public static int partitionOf(InstanceId instance) {
        return (murmur2(instance.value().getBytes(StandardCharsets.UTF_8)) & 0x7fffffff) % PARTITIONS;
    }

    /** MurmurHash2 with Kafka's seed, so that any client's default partitioner agrees when it is given the instance id. */
    private static int murmur2(byte[] data) {
        int m = 0x5bd1e995;
        int h = 0x9747b28c ^ data.length;
        int whole = data.length / 4 * 4;
        for (int i = 0; i < whole; i += 4) {
            int k = (data[i] & 0xff)
                    | ((data[i + 1] & 0xff) << 8)
                    | ((data[i + 2] & 0xff) << 16)
                    | ((data[i + 3] & 0xff) << 24);
            k *= m;
            k ^= k >>> 24;
            k *= m;
            h = (h * m) ^ k;
        }
        int rest = data.length - whole;
        if (rest == 3) {
            h ^= (data[whole + 2] & 0xff) << 16;
        }
        if (rest >= 2) {
            h ^= (data[whole + 1] & 0xff) << 8;
        }
        if (rest >= 1) {
            h ^= data[whole] & 0xff;
            h *= m;
        }
        h ^= h >>> 13;
        h *= m;
        return h ^ (h >>> 15);
    }
}
