package ai.in10nt.agent;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.eclipse.jgit.diff.DiffFormatter;
import org.eclipse.jgit.diff.EditList;
import org.eclipse.jgit.diff.HistogramDiff;
import org.eclipse.jgit.diff.RawText;
import org.eclipse.jgit.diff.RawTextComparator;
import org.eclipse.jgit.lib.ObjectId;
import org.jspecify.annotations.Nullable;

/** What is different in the workspace from the baseline. */
final class Changes {
    /**
     * One file.
     *
     * @param status {@code added}, {@code modified} or {@code deleted}; a file that was moved is one deleted and one added, which
     *     name each other
     * @param additions lines; 0 for a binary file
     * @param binary true or absent; larger files than {@link #MAX_TEXT} count as binary
     * @param diff unified, where it was asked for
     */
    record File(
            String path,
            String status,
            int additions,
            int deletions,
            @Nullable Boolean binary,
            @Nullable String renamedFrom,
            @Nullable String renamedTo,
            @Nullable String diff,
            @Nullable Boolean diffTruncated) {}

    /** @param truncated true where the workspace has more files than are looked at */
    record All(List<File> files, @Nullable Boolean truncated) {}

    private static final int MAX_TEXT = 8 * 1024 * 1024;
    private static final int MAX_DIFF = 1024 * 1024;
    private static final int MAX_DIFFS = 8 * 1024 * 1024;
    private static final int REMEMBERED = 50_000;

    /** What the lines of two contents have to do with each other. */
    private record Counts(int additions, int deletions, boolean isBinary) {}

    private record Pair(ObjectId before, ObjectId after) {}

    private final Workspace workspace;
    private final Baseline baseline;
    private Map<String, Scan.Seen> seen = Map.of();
    private final Map<Pair, Counts> counted = new LinkedHashMap<>() {
        @Override
        protected boolean removeEldestEntry(Map.Entry<Pair, Counts> eldest) {
            return size() > REMEMBERED;
        }
    };

    Changes(Workspace workspace, Baseline baseline) {
        this.workspace = workspace;
        this.baseline = baseline;
    }

    synchronized All list(boolean hasDiffs) throws IOException {
        var scan = new Scan(workspace, seen, baseline.files());
        seen = scan.all();
        var movedFrom = new HashMap<ObjectId, String>();
        for (var was : baseline.files().entrySet()) {
            if (!seen.containsKey(was.getKey())) {
                movedFrom.putIfAbsent(was.getValue().id(), was.getKey());
            }
        }
        var movedTo = new HashMap<String, String>();
        var files = new ArrayList<File>();
        int room = hasDiffs ? MAX_DIFFS : 0;
        for (var path : seen.keySet().stream().sorted().toList()) {
            var now = Objects.requireNonNull(seen.get(path));
            var was = baseline.files().get(path);
            if (was == null || !was.id().equals(now.id()) || !was.mode().equals(now.mode())) {
                var from = was == null ? movedFrom.remove(now.id()) : null;
                if (from != null) {
                    movedTo.put(from, path);
                }
                var file = file(path, was, now, from, null, Math.min(room, MAX_DIFF), hasDiffs);
                room -= length(file);
                files.add(file);
            }
        }
        for (var was : baseline.files().entrySet()) {
            var path = was.getKey();
            if (!seen.containsKey(path) && !scan.isCut()) {
                var file =
                        file(path, was.getValue(), null, null, movedTo.get(path), Math.min(room, MAX_DIFF), hasDiffs);
                room -= length(file);
                files.add(file);
            }
        }
        files.sort(Comparator.comparing(File::path));
        return new All(files, scan.isCut() ? true : null);
    }

    /** What is there now is what changes are counted from. */
    synchronized void accept() throws IOException {
        seen = new Scan(workspace, seen, baseline.files()).all();
        baseline.take(seen);
    }

    private static int length(File file) {
        return file.diff() == null ? 0 : file.diff().length();
    }

    private File file(
            String path,
            Baseline.@Nullable Blob was,
            Scan.@Nullable Seen now,
            @Nullable String from,
            @Nullable String to,
            int room,
            boolean hasDiff)
            throws IOException {
        var key = new Pair(was == null ? ObjectId.zeroId() : was.id(), now == null ? ObjectId.zeroId() : now.id());
        var counts = counted.get(key);
        String diff = null;
        if (counts == null || hasDiff) {
            var before = was == null ? new byte[0] : baseline.content(was.id(), MAX_TEXT + 1);
            var after = now == null ? new byte[0] : content(now);
            counts = count(before, after);
            counted.put(key, counts);
            diff = hasDiff ? diff(path, was, now, before, after, counts) : null;
        }
        var shown = diff == null || diff.length() <= room ? diff : diff.substring(0, Math.max(0, room));
        return new File(
                path,
                was == null ? "added" : now == null ? "deleted" : "modified",
                counts.additions(),
                counts.deletions(),
                counts.isBinary() ? true : null,
                from,
                to,
                shown,
                Objects.equals(shown, diff) ? null : true);
    }

    private static byte[] content(Scan.Seen file) throws IOException {
        try (var content = file.open()) {
            return content.readNBytes(MAX_TEXT + 1);
        } catch (FileSystemException gone) {
            return new byte[0];
        }
    }

    private static Counts count(byte[] before, byte[] after) {
        if (isBinary(before) || isBinary(after)) {
            return new Counts(0, 0, true);
        }
        int additions = 0;
        int deletions = 0;
        for (var edit : edits(before, after)) {
            additions += edit.getLengthB();
            deletions += edit.getLengthA();
        }
        return new Counts(additions, deletions, false);
    }

    private static boolean isBinary(byte[] content) {
        return content.length > MAX_TEXT || RawText.isBinary(content);
    }

    private static EditList edits(byte[] before, byte[] after) {
        return new HistogramDiff().diff(RawTextComparator.DEFAULT, new RawText(before), new RawText(after));
    }

    private static String diff(
            String path,
            Baseline.@Nullable Blob was,
            Scan.@Nullable Seen now,
            byte[] before,
            byte[] after,
            Counts counts)
            throws IOException {
        var out = new ByteArrayOutputStream();
        var head = new StringBuilder("diff --git a/" + path + " b/" + path + "\n");
        if (was == null && now != null) {
            head.append("new file mode ").append(now.mode()).append('\n');
        } else if (now == null && was != null) {
            head.append("deleted file mode ").append(was.mode()).append('\n');
        } else if (was != null && now != null && !was.mode().equals(now.mode())) {
            head.append("old mode ")
                    .append(was.mode())
                    .append("\nnew mode ")
                    .append(now.mode())
                    .append('\n');
        }
        var oldName = was == null ? "/dev/null" : "a/" + path;
        var newName = now == null ? "/dev/null" : "b/" + path;
        if (counts.isBinary()) {
            head.append("Binary files ")
                    .append(oldName)
                    .append(" and ")
                    .append(newName)
                    .append(" differ\n");
            return head.toString();
        }
        var edits = edits(before, after);
        if (!edits.isEmpty()) {
            head.append("--- ").append(oldName).append("\n+++ ").append(newName).append('\n');
            try (var formatter = new DiffFormatter(out)) {
                formatter.format(edits, new RawText(before), new RawText(after));
            }
        }
        return head + out.toString(StandardCharsets.UTF_8);
    }
}
