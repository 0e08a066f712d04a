package ai.in10nt.agent;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Starts programs as the user that the agent runs as, where the machine has two. */
final class AgentUser {
    private final AgentConfig config;

    AgentUser(AgentConfig config) {
        this.config = config;
    }

    /** The user's variables, and what a program needs beside them. */
    Map<String, String> environment() {
        var env = new TreeMap<>(config.agentEnv());
        env.putAll(config.integrations().environment());
        env.put("HOME", config.home().toString());
        env.put("TMPDIR", config.home().resolve("tmp").toString());
        env.putIfAbsent("LANG", "C.UTF-8");
        env.putIfAbsent("PATH", "/usr/local/bin:/usr/bin:/bin");
        return env;
    }

    /**
     * A program that isn't started yet.
     *
     * @param use of a name for each set of variables
     */
    ProcessBuilder program(String use, Map<String, String> env, Path cwd, List<String> program) throws IOException {
        var command = new ArrayList<String>();
        var user = config.agentUser();
        if (user.isPresent()) {
            // The variables are the user's: nothing that still is root may have them, so they are read after the change
            // of user.
            var id = user.get().toString();
            command.addAll(
                    List.of("/usr/bin/setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--no-new-privs"));
            command.addAll(List.of("/bin/sh", "-c", "set -a; . \"$0\"; set +a; exec \"$@\""));
            command.add(write(use, env, user.get()).toString());
        }
        command.addAll(program);
        var builder = new ProcessBuilder(command).directory(cwd.toFile());
        builder.environment().clear();
        if (user.isEmpty()) {
            builder.environment().putAll(env);
        }
        return builder;
    }

    /** A whole file or none: another program of the same use may read it just now. */
    private Path write(String use, Map<String, String> env, int user) throws IOException {
        var file = config.agentFile().resolveSibling(use + ".env");
        var lines = new StringBuilder();
        env.forEach((name, value) -> lines.append(name)
                .append("='")
                .append(value.replace("'", "'\\''"))
                .append("'\n"));
        if (Files.exists(file) && Files.readString(file).contentEquals(lines)) {
            return file;
        }
        var draft = Files.createTempFile(
                file.getParent(),
                use,
                ".new",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        Files.writeString(draft, lines);
        Files.setAttribute(draft, "unix:uid", user);
        Files.move(draft, file, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        return file;
    }
}
