package ai.in10nt.gateway;

import ai.in10nt.contracts.InstanceStatus;
import ai.in10nt.gateway.Problem.FieldError;
import jakarta.ws.rs.core.MultivaluedMap;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What all lists have in common: bare arrays, newest first, filters, and a {@code Link} to the next page. */
final class Lists {
    private static final Pattern CURSOR = Pattern.compile("(inst|task)_[0-9a-z]{26}");
    private static final Set<String> STATUSES = Stream.concat(
                    Arrays.stream(InstanceStatus.values()).map(InstanceStatus::text),
                    Stream.of("processing", "completed", "failed"))
            .collect(Collectors.toUnmodifiableSet());
    private static final int DEFAULT_LIMIT = 100;
    private static final int MAX_LIMIT = 1000;

    private Lists() {}

    static View.Filter filter(UriInfo uri, @Nullable String instanceId) {
        var query = uri.getQueryParameters();
        var errors = new ArrayList<FieldError>();
        var status = query.getFirst("status");
        if (status != null && !STATUSES.contains(status)) {
            errors.add(new FieldError(
                    "status",
                    "must be one of "
                            + String.join(", ", STATUSES.stream().sorted().toList())));
        }
        var cursor = query.getFirst("cursor");
        if (cursor != null && !CURSOR.matcher(cursor).matches()) {
            errors.add(new FieldError("cursor", "must be the one of a Link header"));
        }
        var filter = new View.Filter(
                text(query, "name"),
                status,
                text(query, "agentType"),
                instanceId,
                labels(query),
                cursor,
                limit(query.getFirst("limit"), errors));
        if (!errors.isEmpty()) {
            throw Problem.invalid(errors);
        }
        return filter;
    }

    private static @Nullable String text(MultivaluedMap<String, String> query, String name) {
        var value = query.getFirst(name);
        return value == null ? null : value.replace("\0", "");
    }

    private static int limit(@Nullable String text, List<FieldError> errors) {
        if (text == null) {
            return DEFAULT_LIMIT;
        }
        if (!text.matches("\\d{1,9}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > MAX_LIMIT) {
            errors.add(new FieldError("limit", "must be between 1 and " + MAX_LIMIT));
            return DEFAULT_LIMIT;
        }
        return Integer.parseInt(text);
    }

    /** As {@code KEY=VALUE}. */
    private static List<String> labels(MultivaluedMap<String, String> query) {
        return query.entrySet().stream()
                .filter(parameter -> parameter.getKey().startsWith("label."))
                .flatMap(parameter -> parameter.getValue().stream()
                        .map(value ->
                                parameter.getKey().substring("label.".length()).replace("\0", "") + "="
                                        + value.replace("\0", "")))
                .toList();
    }

    static Response answer(UriInfo uri, View.Filter filter, List<Resource> page) {
        var array = page.stream().map(Resource::body).collect(Collectors.joining(",", "[", "]"));
        var response = Response.ok(array);
        long length =
                page.stream().mapToLong(resource -> resource.body().length()).sum();
        if (page.size() == filter.limit() || length >= View.PAGE_LENGTH) {
            var next = uri.getRequestUriBuilder()
                    .replaceQueryParam("cursor", page.getLast().id())
                    .build();
            response.header("Link", "<" + next + ">; rel=\"next\"");
        }
        return response.build();
    }
}
