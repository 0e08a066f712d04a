package ai.in10nt.relay;

import io.quarkus.vertx.VertxContextSupport;
import io.smallrye.mutiny.Uni;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** For virtual threads, which may wait: a session belongs to an event loop, and its caller doesn't. */
public final class Blocking {
    private Blocking() {}

    /** What comes of it; fails where nothing has come by then. */
    public static <T> @Nullable T await(Uni<T> uni, Duration patience) {
        try {
            return VertxContextSupport.subscribeAndAwait(
                    () -> uni.ifNoItem().after(patience).fail());
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }
}
