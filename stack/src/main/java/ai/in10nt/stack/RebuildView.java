package ai.in10nt.stack;

import java.io.IOException;
import java.nio.file.Files;

/** {@code ./dev rebuild-view}: has the gateway make its view anew from the topics, and tells what was wrong with it. */
final class RebuildView {
    private RebuildView() {}

    static void run(Settings settings, Home home) throws IOException {
        var key = Files.readString(home.at("secrets/api-key")).strip();
        var report = new Gateway("http://127.0.0.1:" + settings.gatewayPort(1), key).post("/admin/rebuild-view", "");
        System.out.printf(
                "The topics hold %s records of %s resources. The view missed %s, was behind with %s, had %s otherwise"
                        + " and %s too many; rebuilt in %s ms.%n",
                report.path("records"),
                report.path("resources"),
                report.path("missing"),
                report.path("behind"),
                report.path("different"),
                report.path("surplus"),
                report.path("durationMs"));
    }
}
