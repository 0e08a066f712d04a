package ai.in10nt.agent;

import static org.assertj.core.api.Assertions.assertThat;

import ai.in10nt.contracts.Json;
import ai.in10nt.contracts.LogLine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class LogBookTest {
    private static final int ALL = 1 << 20;

    @TempDir
    private Path folder = Path.of("");

    private LogBook open(String instance, long segmentBytes, long mostBytes) {
        var secrets = new AgentConfig.Secrets(
                instance,
                1,
                "the-agents-token",
                Map.of("openrouter", new AgentConfig.Provider("http://model", "providers-key", null, null)),
                Map.of("PASSWORD", "hush-hush", "MODE", "dev", "PEM", "-----BEGIN-----\nabcdefgh\n"),
                null);
        var config = new AgentConfig(
                secrets, folder, folder, "", 0, 0, folder, folder, true, Map.of(), new Integrations(false), "");
        return new LogBook(folder, instance, new Masks(config), segmentBytes, mostBytes);
    }

    @Test
    void a_boot_says_how_the_one_before_ended_where_that_could_not() {
        var stopped = open();
        stopped.beginBoot(1);
        stopped.add("stdout", "execute", null, "works");
        stopped.endBoot();
        var killed = open();
        killed.beginBoot(2);
        killed.add("stdout", "execute", null, "works");
        var third = open();
        third.beginBoot(3);

        assertThat(third.after(0, ALL).stream().map(line -> line.replaceFirst(".*\"message\":\"([^\"]*)\".*", "$1")))
                .containsExactly(
                        "boot 1 begins",
                        "works",
                        "the machine stops",
                        "boot 2 begins",
                        "works",
                        "the machine went away without a stop: killed, out of memory, or its host is gone",
                        "boot 3 begins");
    }

    private LogBook open() {
        return open("inst_a", 1000, 4000);
    }

    private static List<LogLine> read(LogBook log, long after) {
        return log.after(after, ALL).stream()
                .map(line -> Json.read(line, LogLine.class))
                .toList();
    }

    private static List<Long> ids(List<LogLine> lines) {
        return lines.stream().map(LogLine::id).toList();
    }

    @Test
    void lines_are_numbered_on_over_a_boot_and_what_a_crash_cut_is_given_to_nobody() throws IOException {
        open().add("stdout", "execute", null, "one\ntwo");
        var segment = folder.resolve("%019d.jsonl".formatted(1));
        Files.writeString(segment, "{\"id\":3,\"mess", StandardOpenOption.APPEND);

        var log = open();
        log.add("stderr", "execute", "task_a", "three");

        var lines = read(log, 1);
        assertThat(ids(lines)).containsExactly(2L, 3L);
        assertThat(lines.getLast().message()).isEqualTo("three");
        assertThat(lines.getLast().taskId()).isEqualTo("task_a");
    }

    @Test
    void secrets_are_masked_line_by_line_and_short_values_are_words() {
        var log = open();
        log.add("stdout", "execute", null, "hush-hush and providers-key, the-agents-token in dev\nabcdefgh");

        assertThat(read(log, 0).stream().map(LogLine::message)).containsExactly("*** and ***, *** in dev", "***");
    }

    @Test
    void the_oldest_lines_go_and_a_line_says_how_many_nobody_had_fetched() {
        var log = open();
        for (int i = 1; i <= 100; i++) {
            log.add("stdout", "execute", null, "line " + i);
        }

        var lines = read(log, 0);

        var dropped = lines.stream()
                .filter(line -> line.message().contains("dropped"))
                .toList();
        assertThat(dropped).isNotEmpty().allMatch(line -> line.type().equals("system"));
        assertThat(lines.getFirst().id()).isGreaterThan(50);
        assertThat(lines).anyMatch(line -> line.message().equals("line 100"));
    }

    @Test
    void whoever_asks_in_any_order_is_given_each_line_once_in_answers_of_any_size() {
        var log = open("inst_a", 1000, 100_000);
        for (int i = 1; i <= 200; i++) {
            log.add("stdout", "execute", null, "€ " + i);
        }

        var all = new ArrayList<Long>();
        for (long after = 0; after < 200; after = all.getLast()) {
            all.addAll(ids(log.after(after, 300).stream()
                    .map(line -> Json.read(line, LogLine.class))
                    .toList()));
            assertThat(ids(read(log, 150)).getFirst()).isEqualTo(151);
        }

        assertThat(all).isEqualTo(LongStream.rangeClosed(1, 200).boxed().toList());
        assertThat(read(log, 200)).isEmpty();
    }

    @Test
    void what_was_fetched_goes_without_a_word() {
        var log = open();
        for (int i = 1; i <= 100; i++) {
            log.add("stdout", "execute", null, "line " + i);
            assertThat(ids(read(log, i - 1))).containsExactly((long) i);
        }
        log.after(100, ALL);

        assertThat(read(log, 0)).noneMatch(line -> line.type().equals("system"));
    }

    @Test
    void a_long_line_is_cut_between_characters_and_says_so() {
        var log = open("inst_a", 1 << 20, 4 << 20);
        log.add("stdout", "execute", null, "a" + "€".repeat(30_000));

        assertThat(read(log, 0).getFirst().message()).hasSizeLessThan(64 * 1024).endsWith("€ [cut after 64 KiB]");
    }

    @Test
    void a_copied_volume_begins_anew_and_a_lost_one_goes_on_behind_what_is_known() {
        open().add("stdout", "execute", null, "of another");
        var log = open("inst_b", 1000, 4000);
        assertThat(read(log, 0)).isEmpty();

        assertThat(read(log, 41)).isEmpty();
        log.add("stdout", "execute", null, "after");

        assertThat(ids(read(log, 41))).containsExactly(42L);
    }

    @Test
    @Timeout(20)
    void whoever_waits_is_woken_by_the_next_line() {
        var log = open();
        var woken = CompletableFuture.supplyAsync(() -> {
            log.await(0, Duration.ofSeconds(15));
            return read(log, 0);
        });

        log.add("stdout", "execute", null, "now");

        assertThat(woken.join()).hasSize(1);
    }
}
