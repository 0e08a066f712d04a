package ai.in10nt.gateway;

import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.ClosedConnectionException;
import jakarta.ws.rs.WebApplicationException;
import jakarta.ws.rs.core.Response;
import jakarta.ws.rs.core.UriInfo;
import java.net.ConnectException;
import java.net.SocketException;
import java.util.concurrent.TimeoutException;
import org.jboss.logging.Logger;
import org.jboss.resteasy.reactive.server.ServerExceptionMapper;

/** Turns whatever a request ends with into a problem; nothing of the inside ever leaves. */
class Problems {
    private static final Logger LOG = Logger.getLogger(Problems.class);

    @ServerExceptionMapper
    Response problem(Problem problem, UriInfo uri) {
        return problem.response(uri.getPath());
    }

    @ServerExceptionMapper
    Response jaxRs(WebApplicationException e, UriInfo uri) {
        int status = e.getResponse().getStatus();
        var problem = switch (status) {
            case 404 -> Problem.of(404, "not_found", "There is nothing at " + uri.getPath() + ".");
            case 405 -> Problem.of(405, "method_not_allowed", "This path doesn't take this method.");
            case 406 -> Problem.of(406, "not_acceptable", "This path answers application/json.");
            case 413 -> Problem.of(413, "too_large", "The body is larger than 2 MiB.");
            case 415 -> Problem.of(415, "unsupported_media_type", "Send Content-Type: application/json.");
            default ->
                status < 500 ? Problem.of(status, "bad_request", "The request can't be understood.") : internal(e);
        };
        return problem.response(uri.getPath());
    }

    @ServerExceptionMapper
    Response any(Throwable e, UriInfo uri) {
        return of(e).response(uri.getPath());
    }

    static Problem of(Throwable failure) {
        if (failure instanceof Problem problem) {
            return problem;
        }
        return isAway(failure)
                ? Problem.unavailable("database_unavailable", "The database doesn't answer; try again soon.")
                : internal(failure);
    }

    private static Problem internal(Throwable e) {
        LOG.error("a request failed", e);
        return Problem.of(500, "internal_error", "Something went wrong here; it was logged.");
    }

    /** SQLSTATE classes 08 (connection), 53 (resources), 57 (operator intervention). */
    private static boolean isAway(Throwable failure) {
        for (Throwable t = failure; t != null; t = t.getCause()) {
            if (t instanceof ConnectException
                    || t instanceof TimeoutException
                    || t instanceof SocketException
                    || t instanceof ClosedConnectionException
                    || t instanceof io.smallrye.mutiny.TimeoutException
                    || (t instanceof PgException pg && isConnection(pg.getSqlState()))
                    || String.valueOf(t.getMessage()).contains("Connection is closed")
                    || String.valueOf(t.getMessage()).contains("Timeout")
                    || String.valueOf(t.getMessage()).contains("Connection reset")
                    || String.valueOf(t.getMessage()).contains("to read any response")
                    || String.valueOf(t.getMessage()).contains("Connection is not active")
                    || String.valueOf(t.getMessage()).contains("Pending requests failed")) {
                return true;
            }
        }
        return false;
    }

    private static boolean isConnection(String sqlState) {
        return sqlState != null
                && (sqlState.startsWith("08") || sqlState.startsWith("53") || sqlState.startsWith("57"));
    }
}
