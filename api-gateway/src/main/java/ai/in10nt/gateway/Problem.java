package ai.in10nt.gateway;

import ai.in10nt.contracts.Failure;
import ai.in10nt.contracts.Json;
import com.fasterxml.jackson.databind.node.ObjectNode;
import jakarta.ws.rs.core.HttpHeaders;
import jakarta.ws.rs.core.Response;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A request that can't be done: thrown anywhere, answered as RFC 9457 problem. */
final class Problem extends RuntimeException {
    static final String MEDIA_TYPE = "application/problem+json";

    /** One bad field: which, what is wrong with it and what would be right. */
    record FieldError(String field, String message) {}

    private final int status;
    private final String code;
    private final List<FieldError> errors;
    private final int retryAfterSeconds;

    private Problem(int status, String code, String detail, List<FieldError> errors, int retryAfterSeconds) {
        super(detail, null, false, false);
        this.status = status;
        this.code = code;
        this.errors = errors;
        this.retryAfterSeconds = retryAfterSeconds;
    }

    static Problem of(int status, String code, String detail) {
        return new Problem(status, code, detail, List.of(), 0);
    }

    static Problem invalid(List<FieldError> errors) {
        var first = errors.getFirst();
        var detail = errors.size() == 1
                ? first.field() + ": " + first.message()
                : errors.size() + " fields are wrong: "
                        + String.join(
                                ", ", errors.stream().map(FieldError::field).toList());
        return new Problem(400, "invalid_request", detail, List.copyOf(errors), 0);
    }

    static Problem notFound(String what, String id) {
        return of(404, what + "_not_found", "There is no " + what + " " + id + ".");
    }

    static Problem notBuilt(List<FieldError> what) {
        var names = String.join(", ", what.stream().map(FieldError::field).toList());
        return new Problem(
                501, "not_implemented", "In the contract, but not built yet: " + names + ".", List.copyOf(what), 0);
    }

    static Problem unavailable(String code, String detail) {
        return new Problem(503, code, detail, List.of(), 2);
    }

    /** The one table from an owner's refusal to HTTP. */
    static Problem refused(Failure failure) {
        int status = switch (failure.code()) {
            case "instance_not_found", "task_not_found" -> 404;
            case "instance_stopped", "instance_failed", "instance_destroyed", "name_taken" -> 409;
            case "internal_error" -> 500;
            default -> 422;
        };
        return of(status, failure.code(), failure.detail());
    }

    int status() {
        return status;
    }

    String detail() {
        return Objects.requireNonNull(getMessage());
    }

    ObjectNode body(@Nullable String path) {
        var body = Json.MAPPER.createObjectNode();
        body.put("type", "urn:in10nt:problem:" + code);
        body.put("title", code.replace('_', ' '));
        body.put("status", status);
        body.put("detail", detail());
        if (path != null) {
            body.put("instance", path);
        }
        body.put("code", code);
        body.put("error", detail());
        if (!errors.isEmpty()) {
            body.set("errors", Json.MAPPER.valueToTree(errors));
        }
        return body;
    }

    Map<String, String> headers() {
        var headers = new LinkedHashMap<String, String>();
        if (retryAfterSeconds > 0) {
            headers.put(HttpHeaders.RETRY_AFTER, String.valueOf(retryAfterSeconds));
        }
        if (status == 401) {
            headers.put(HttpHeaders.WWW_AUTHENTICATE, "Bearer");
        }
        return headers;
    }

    Response response(@Nullable String path) {
        var response = Response.status(status).type(MEDIA_TYPE).entity(Json.text(body(path)));
        headers().forEach(response::header);
        return response.build();
    }
}
