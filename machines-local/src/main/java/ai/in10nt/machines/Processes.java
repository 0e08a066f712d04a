package ai.in10nt.machines;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Fly's {@code ps}: what runs in a machine and where it listens, read by a script inside. */
final class Processes {
    /** A line of numbers, command and folder per process; a line {@code socket} per listening one that it holds. */
    private static final String SCRIPT = """
            for p in /proc/[0-9]*; do
              read -r stat <"$p/stat" 2>/dev/null || continue
              printf 'process\\t%s\\t%s\\t%s\\n' "$stat" "$(tr '\\0\\t\\n' '   ' <"$p/cmdline" 2>/dev/null)" "$(readlink "$p/cwd" 2>/dev/null)"
              for f in "$p"/fd/*; do
                case $(readlink "$f" 2>/dev/null) in socket:*) s=$(readlink "$f"); s=${s#socket:[}; printf 'socket\\t%s\\n' "${s%]}" ;; esac
              done
            done
            read -r up _ </proc/uptime; printf 'uptime\\t%s\\n' "$up"
            for n in tcp tcp6; do
              while read -r _ local _ state _ _ _ _ _ inode _; do
                [ "$state" = 0A ] && printf 'listen\\t%s\\t%s\\t%s\\n' "$n" "$local" "$inode"
              done <"/proc/net/$n" 2>/dev/null
            done
            """;

    private static final Pattern STAT = Pattern.compile("(\\d+) \\((.*)\\) (.*)", Pattern.DOTALL);
    /** Of {@code /proc/PID/stat}, counted after the name: in hundredths of a second, and pages. */
    private static final int USER_TIME = 11;

    private static final int SYSTEM_TIME = 12;
    private static final int STARTED_AT = 19;
    private static final int RESIDENT = 21;
    private static final int TICKS = 100;
    private static final int PAGE = 4096;

    private Processes() {}

    static List<Map<String, Object>> of(Machines machines, String app, String id) {
        var read = machines.exec(app, id, List.of("sh", "-c", SCRIPT), Duration.ofSeconds(10));
        if (read.exitCode() != 0 && read.stdout().isEmpty()) {
            throw FlyError.of(400, "the machine's processes can't be read: " + read.stderr());
        }
        var lines = read.stdout().lines().map(line -> line.split("\t", -1)).toList();
        double uptime = lines.stream()
                .filter(line -> line[0].equals("uptime"))
                .mapToDouble(line -> Double.parseDouble(line[1]))
                .findFirst()
                .orElse(0);
        var listening = new LinkedHashMap<String, Map<String, Object>>();
        lines.stream()
                .filter(line -> line[0].equals("listen"))
                .forEach(line -> listening.put(line[3], Map.of("proto", line[1], "address", address(line[2]))));
        var processes = new ArrayList<Map<String, Object>>();
        for (var line : lines) {
            if (line[0].equals("process")) {
                processes.add(process(line, uptime));
            } else if (line[0].equals("socket") && listening.containsKey(line[1])) {
                var sockets =
                        new ArrayList<Object>((List<?>) processes.getLast().get("listen_sockets"));
                sockets.add(listening.get(line[1]));
                processes.getLast().put("listen_sockets", sockets);
            }
        }
        return processes;
    }

    private static Map<String, Object> process(String[] line, double uptime) {
        var process = new LinkedHashMap<String, Object>();
        var match = STAT.matcher(line[1]);
        if (!match.matches()) {
            throw new IllegalStateException("not a line of /proc/PID/stat: " + line[1]);
        }
        var fields = match.group(3).split(" ", -1);
        long ticks = Long.parseLong(fields[USER_TIME]) + Long.parseLong(fields[SYSTEM_TIME]);
        double age = Math.max(0.01, uptime - Long.parseLong(fields[STARTED_AT]) / (double) TICKS);
        process.put("pid", Integer.parseInt(match.group(1)));
        process.put("stime", ticks / TICKS);
        process.put("rtime", (long) age);
        process.put("command", line[2].isBlank() ? match.group(2) : line[2].strip());
        process.put("directory", line[3]);
        process.put("cpu", Math.round(ticks / (double) TICKS / age * 100));
        process.put("rss", Long.parseLong(fields[RESIDENT]) * PAGE);
        process.put("listen_sockets", List.of());
        return process;
    }

    /** {@code 0100007F:0BB8} is 127.0.0.1:3000; of an IPv6 address only the port is told apart. */
    private static String address(String hex) {
        int colon = hex.indexOf(':');
        int port = Integer.parseInt(hex.substring(colon + 1), 16);
        if (colon > 8) {
            return "[" + (hex.startsWith("00000000000000000000000000000000") ? "::" : hex.substring(0, colon)) + "]:"
                    + port;
        }
        long ip = Long.parseLong(hex.substring(0, colon), 16);
        return (ip & 255) + "." + (ip >> 8 & 255) + "." + (ip >> 16 & 255) + "." + (ip >> 24 & 255) + ":" + port;
    }
}
