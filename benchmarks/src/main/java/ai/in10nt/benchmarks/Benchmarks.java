package ai.in10nt.benchmarks;

import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** The program behind {@code ./dev bench}: measures a stack that was started for it, prints, and writes the table. */
public final class Benchmarks {
    private Benchmarks() {}

    /** Arguments: the status as JSON, seconds from start to ready, the file to write, and which ones (all, where none is named). */
    public static void main(String[] arguments) throws Exception {
        var target = new Target(Json.read(Files.readString(Path.of(arguments[0])), JsonNode.class));
        double ready = Double.parseDouble(arguments[1]);
        var wanted = List.of(arguments).subList(3, arguments.length);
        var rows = new ArrayList<Row>();
        if (is(wanted, "footprint")) {
            show(rows, Footprint.stack(target, ready));
            show(rows, List.of(Footprint.machine(target)));
        }
        if (is(wanted, "latency")) {
            show(rows, Runs.latency(target));
        }
        if (is(wanted, "throughput")) {
            show(rows, List.of(Runs.throughput(target)));
        }
        if (is(wanted, "machines")) {
            show(rows, List.of(Machines.coldStart(target)));
            show(rows, List.of(Machines.tenAtOnce(target)));
        }
        if (is(wanted, "integrations")) {
            show(rows, Integrations.of(target));
        }
        var home = Objects.requireNonNull(Path.of(arguments[0]).toAbsolutePath().getParent());
        if (is(wanted, "reads")) {
            show(rows, Reads.of(target, freePort()));
        }
        if (is(wanted, "ports")) {
            show(rows, Ports.of(target, home, freePort()));
        }
        if (is(wanted, "logs")) {
            Logs.of(target, home, freePort(), row -> show(rows, List.of(row)));
        }
        if (wanted.isEmpty()) {
            write(Path.of(arguments[2]), rows);
        }
    }

    private static int freePort() throws IOException {
        try (var socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static boolean is(List<String> wanted, String name) {
        return wanted.isEmpty() || wanted.contains(name);
    }

    private static void show(List<Row> all, List<Row> rows) {
        rows.forEach(row -> System.out.println(row.markdown()));
        all.addAll(rows);
    }

    /** Between the marks of the document; what stands around them is written by hand. */
    private static void write(Path file, List<Row> rows) throws IOException {
        var text = Files.readString(file);
        int begin = text.indexOf("<!-- figures -->") + "<!-- figures -->".length();
        int end = text.indexOf("<!-- end -->");
        var table = new StringBuilder("\n\n" + LocalDate.now(java.time.ZoneOffset.UTC) + ", "
                + Runtime.getRuntime().availableProcessors() + " processors, Java "
                + Runtime.version().feature()
                + ".\n\n| figure | ours | beside | result | must | goal | reached |\n|---|---|---|---|---|---|---|\n");
        rows.forEach(row -> table.append(row.markdown()).append('\n'));
        Files.writeString(file, text.substring(0, begin) + table + "\n" + text.substring(end));
    }
}
