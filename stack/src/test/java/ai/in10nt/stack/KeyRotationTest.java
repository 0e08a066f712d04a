package ai.in10nt.stack;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.in10nt.contracts.Keyset;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyRotationTest {
    private static final String PRIVATE = "integration-private.json";
    private static final String PUBLIC = "integration-public.json";
    private static final String WRAPPING = "integration-wrapping.json";

    private final List<String> told = new ArrayList<>();

    @SuppressWarnings("NullAway.Init")
    private Home home;

    @SuppressWarnings("NullAway.Init")
    private Services services;

    /** A gateway and an integration-service that use what they were given last, and say so. */
    private static final class Services implements KeyHolders, AutoCloseable {
        private final HttpServer server;
        private final Home home;
        private final Map<String, String> given = new ConcurrentHashMap<>();
        /** Dies before it gives this many more. */
        private int gives = Integer.MAX_VALUE;

        Services(Home home) throws IOException {
            this.home = home;
            List.of(PRIVATE, PUBLIC, WRAPPING).forEach(this::hand);
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            server.createContext("/", exchange -> {
                var body = (exchange.getRequestURI().getPath().equals("/api-gateway") ? gateway() : integrations())
                        .getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, body.length);
                exchange.getResponseBody().write(body);
                exchange.close();
            });
            server.start();
        }

        private Keys keys(String name) {
            var keyset = given.getOrDefault(name, "");
            return new Keys(Keyset.primary(keyset), Keyset.ids(keyset));
        }

        private record Keys(long primary, List<Long> ids) {}

        private String gateway() {
            return "keyset_integration_primary " + keys(PUBLIC).primary() + "\n";
        }

        private String integrations() {
            return "keyset_integration_primary " + keys(PRIVATE).primary() + "\nkeyset_wrapping_primary "
                    + keys(WRAPPING).primary() + "\nkeyset_wrapping_keys "
                    + keys(WRAPPING).ids().size() + "\nintegration_reseal_left 0\n";
        }

        @Override
        public List<String> metrics(String module) {
            return List.of("http://127.0.0.1:" + server.getAddress().getPort() + "/" + module);
        }

        @Override
        public void hand(String name) {
            if (gives-- == 0) {
                throw new UncheckedIOException(new IOException("it died before it gave " + name));
            }
            given.put(name, read(home, name));
        }

        @Override
        public void close() {
            server.stop(0);
        }
    }

    private static String read(Home home, String name) {
        try {
            return Files.readString(home.at("keys/" + name)).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @BeforeEach
    void start(@TempDir Path folder) throws IOException {
        home = new Home(folder);
        home.makeKeys();
        services = new Services(home);
    }

    @AfterEach
    void stop() {
        services.close();
    }

    @Test
    void the_old_private_key_stays_and_the_old_wrapping_key_goes() {
        long pair = services.keys(PRIVATE).primary();
        long wrapping = services.keys(WRAPPING).primary();

        KeyRotation.run(home, services, told::add);

        assertThat(services.keys(PRIVATE).ids()).hasSize(2).startsWith(pair);
        assertThat(services.keys(PUBLIC).primary())
                .isEqualTo(services.keys(PRIVATE).primary())
                .isNotEqualTo(pair);
        assertThat(services.keys(WRAPPING).ids()).hasSize(1).doesNotContain(wrapping);
        assertThat(KeyRotation.last(home)).isAfter(Instant.now().minus(Duration.ofMinutes(1)));
    }

    /** At each of the five times when a key is written and then given. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3, 4})
    void one_that_died_before_it_gave_a_key_is_ended_by_the_next(int gives) {
        var keysMade = KeyRotation.last(home);
        services.gives = gives;
        assertThatThrownBy(() -> KeyRotation.run(home, services, told::add)).hasMessageContaining("it died");
        assertThat(KeyRotation.last(home)).as("it isn't over").isEqualTo(keysMade);
        services.gives = Integer.MAX_VALUE;

        KeyRotation.run(home, services, told::add);

        for (var name : List.of(PRIVATE, PUBLIC, WRAPPING)) {
            assertThat(services.given.get(name)).as(name).isEqualTo(read(home, name));
        }
        assertThat(services.keys(PUBLIC).primary())
                .isEqualTo(services.keys(PRIVATE).primary());
        assertThat(services.keys(WRAPPING).ids()).hasSize(1);
    }
}
