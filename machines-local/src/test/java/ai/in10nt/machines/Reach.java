package ai.in10nt.machines;

import java.util.List;
import java.util.Map;

/** What a machine reaches, tried from inside, in a network of our own. A program: {@link WallsIT} runs it and reads its lines. */
final class Reach {
    private Reach() {}

    public static void main(String[] arguments) throws Exception {
        var as = SandboxIT.As.valueOf(arguments[0]);
        try (var _ = new Outside();
                var fly = SandboxIT.start(as)) {
            var one = SandboxIT.create(fly, null);
            // The JDK's own file server, where the agent server would listen.
            var other = SandboxIT.create(fly, null, "exec /opt/in10nt/java/bin/jwebserver -b 0.0.0.0 -p 3000 -d /var");
            var neighbour = fly.get("/v1/apps/test/machines/" + other).text("private_ip");
            var isUp = Host.await(
                    java.time.Duration.ofSeconds(20),
                    () -> Host.run(
                                            java.time.Duration.ofSeconds(3),
                                            List.of("bash", "-c", "exec 3<>/dev/tcp/" + neighbour + "/3000"))
                                    .exitCode()
                            == 0);
            System.out.println("host to agent port\t" + (isUp.isPresent() ? "REACHED" : "refused"));
            var targets = Map.of(
                    "neighbour's agent port", neighbour + "/3000",
                    "own agent port by the host's address", Outside.HOST + "/3000",
                    "host by loopback", "127.0.0.1/" + Outside.PORT,
                    "host by its address", Outside.HOST + "/" + Outside.PORT,
                    "the gateway", Outside.ROUTER + "/" + Outside.PORT,
                    "private", Outside.PRIVATE + "/" + Outside.PORT,
                    "metadata", Outside.METADATA + "/" + Outside.PORT,
                    "shared", Outside.SHARED + "/" + Outside.PORT,
                    "public", Outside.PUBLIC + "/" + Outside.PORT);
            targets.forEach((name, target) -> {
                var answer = fly.exec(one, "timeout 4 bash -c 'exec 3<>/dev/tcp/" + target + "' && echo REACHED");
                System.out.println(name + "\t" + (answer.text("stdout").contains("REACHED") ? "REACHED" : "refused"));
            });
            System.out.println("kill a host process\t" + killed(fly, one));
            fly.delete("/v1/apps/test/machines/" + one + "?force=true");
            fly.delete("/v1/apps/test/machines/" + other + "?force=true");
            Host.await(
                    java.time.Duration.ofSeconds(20),
                    () -> fly.get("/v1/apps/test/machines").body().isEmpty());
        }
    }

    private static String killed(LocalFly fly, String machine) {
        var pid = ProcessHandle.current().pid();
        var answer = fly.exec(machine, "kill -0 " + pid + " && echo REACHED");
        return answer.text("stdout").contains("REACHED") ? "REACHED" : "refused";
    }
}
