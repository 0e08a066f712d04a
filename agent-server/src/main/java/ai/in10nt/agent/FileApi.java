package ai.in10nt.agent;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.OpenOptions;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.http.impl.MimeMapping;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** {@code /files?path=…}: one file of the workspace, as a stream in constant memory. */
final class FileApi {
    private static final int CHUNK = 256 * 1024;
    private static final Pattern RANGE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

    private final WorkspaceFiles files;

    FileApi(WorkspaceFiles files) {
        this.files = files;
    }

    void add(Router router) {
        router.get("/files").handler(context -> Api.blocking(context, this::read));
        router.head("/files").handler(context -> Api.blocking(context, this::read));
        router.delete("/files").handler(context -> Api.blocking(context, this::delete));
        router.put("/files").handler(context -> {
            context.request().pause();
            var own = context.vertx().getOrCreateContext();
            Api.blocking(context, request -> write(request, own));
        });
    }

    private void read(RoutingContext context) throws IOException {
        var request = context.request();
        var response = context.response();
        try (var file = files.open(path(context))) {
            response.putHeader("ETag", file.etag())
                    .putHeader("Accept-Ranges", "bytes")
                    .putHeader("Content-Type", type(path(context)));
            if (header(request, "If-None-Match")
                    .filter(tags -> WorkspaceFiles.Condition.names(tags, file.etag()))
                    .isPresent()) {
                response.setStatusCode(304).end();
                return;
            }
            new WorkspaceFiles.Condition(header(request, "If-Match"), Optional.empty()).check(Optional.of(file.etag()));
            var range = range(request, file);
            response.setStatusCode(range.isWhole ? 200 : 206).putHeader("Content-Length", String.valueOf(range.length));
            if (!range.isWhole) {
                response.putHeader(
                        "Content-Range",
                        "bytes " + range.from + "-" + (range.from + range.length - 1) + "/" + file.size());
            }
            if (request.method().equals(HttpMethod.HEAD)) {
                response.end();
            } else {
                send(file, range, response);
            }
        }
    }

    /** Which bytes of it. */
    private record Range(long from, long length, boolean isWhole) {}

    /** One range is served; several, or a range of an older file, are all of it, as RFC 9110 allows. */
    private static Range range(HttpServerRequest request, WorkspaceFiles.Opened file) {
        var whole = new Range(0, file.size(), true);
        var asked = header(request, "Range");
        boolean isOlder = header(request, "If-Range")
                .filter(tag -> !tag.equals(file.etag()))
                .isPresent();
        if (asked.isEmpty() || isOlder) {
            return whole;
        }
        var match = RANGE.matcher(asked.get().strip());
        if (!match.matches() || (match.group(1).isEmpty() && match.group(2).isEmpty())) {
            return whole;
        }
        long from;
        long to = file.size() - 1;
        if (match.group(1).isEmpty()) {
            from = Math.max(0, file.size() - Long.parseLong(match.group(2)));
        } else {
            from = Long.parseLong(match.group(1));
            to = match.group(2).isEmpty() ? to : Math.min(to, Long.parseLong(match.group(2)));
        }
        if (from >= file.size() || to < from) {
            request.response().putHeader("Content-Range", "bytes */" + file.size());
            throw new Refused(416, "range_not_satisfiable", "Range: the file has " + file.size() + " bytes.");
        }
        return new Range(from, to - from + 1, false);
    }

    private static void send(WorkspaceFiles.Opened file, Range range, HttpServerResponse response) throws IOException {
        var channel = file.channel().position(range.from);
        long left = range.length;
        while (left > 0) {
            var bytes = ByteBuffer.allocate((int) Math.min(CHUNK, left));
            int length = channel.read(bytes);
            if (length < 0) {
                // It was made shorter meanwhile: the reader must notice.
                response.reset();
                return;
            }
            left -= length;
            Api.await(response.write(Buffer.buffer(bytes.array()).slice(0, length)));
        }
        Api.await(response.end());
    }

    private void write(RoutingContext context, Context own) throws IOException {
        var request = context.request();
        var condition = condition(request);
        files.mayWrite(path(context), condition);
        var draft = files.draft();
        try {
            receive(context, own, draft);
            var written = files.write(path(context), draft, condition);
            context.response().putHeader("ETag", written.etag());
            Api.answer(context, written.isNew() ? 201 : 200, Map.of("path", path(context), "size", written.size()));
        } finally {
            Files.deleteIfExists(draft);
        }
    }

    /** On the request's own context, as its handlers are for that one thread. */
    private static void receive(RoutingContext context, Context own, Path draft) throws IOException {
        var options = new OpenOptions().setRead(false).setCreate(false).setTruncateExisting(true);
        var received = Promise.<Void>promise();
        own.runOnContext(_ -> context.vertx()
                .fileSystem()
                .open(draft.toString(), options)
                .compose(file -> {
                    if (context.response().closed()) {
                        // Whoever has left before this doesn't say so any more.
                        return file.close().compose(_ -> Future.failedFuture(new IOException("the client has left")));
                    }
                    return context.request().pipeTo(file);
                })
                .onComplete(received));
        Api.await(received.future());
    }

    private void delete(RoutingContext context) throws IOException {
        files.delete(path(context), condition(context.request()));
        Api.answer(context, 200, Map.of("success", true, "path", path(context)));
    }

    private static WorkspaceFiles.Condition condition(HttpServerRequest request) {
        return new WorkspaceFiles.Condition(header(request, "If-Match"), header(request, "If-None-Match"));
    }

    private static Optional<String> header(HttpServerRequest request, String name) {
        return Optional.ofNullable(request.getHeader(name));
    }

    private static String path(RoutingContext context) {
        return Optional.ofNullable(context.request().getParam("path")).orElse("");
    }

    private static String type(String path) {
        return Optional.ofNullable(MimeMapping.getMimeTypeForFilename(path)).orElse("application/octet-stream");
    }
}
