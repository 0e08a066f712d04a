package ai.in10nt.stack;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.ZipFile;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClassArchiveTest {
    @TempDir
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @SuppressWarnings("NullAway.Init")
    private Path lib;

    @SuppressWarnings("NullAway.Init")
    private ClassArchive archive;

    @BeforeEach
    void build() throws IOException {
        lib = Files.createDirectory(folder.resolve("lib"));
        archive = new ClassArchive(folder.resolve("archive"), "classes");
        var library =
                compile("Library", "public class Library { public static String name() { return \"a library\"; } }");
        Jars.write(
                lib.resolve("library-3.jar"),
                new TreeMap<>(Map.of(
                        "Library.class", library,
                        "native/linux/amd64/libit.so", new byte[1],
                        "native/Linux/x86_64-musl/libit.so", new byte[1],
                        "native/linux/aarch64/libit.so", new byte[1],
                        "native/win/amd64/it.dll", new byte[1])));
        writeProgram("1");
    }

    private void writeProgram(String version) throws IOException {
        Jars.write(
                lib.resolve("program-0.1.jar"),
                new TreeMap<>(Map.of(
                        "Program.class",
                        compile(
                                "Program",
                                "public class Program { public static void main(String[] words) { System.out.print(Library.name() + \" "
                                        + version + "\"); } }"))));
    }

    private byte[] compile(String name, String text) throws IOException {
        var source = Files.writeString(folder.resolve(name + ".java"), text);
        assertThat(ToolProvider.getSystemJavaCompiler()
                        .run(null, null, null, "-d", folder.toString(), "-cp", folder.toString(), source.toString()))
                .isZero();
        return Files.readAllBytes(folder.resolve(name + ".class"));
    }

    private Jars program() throws IOException {
        return Jars.ofModule(lib, "program");
    }

    private static String run(List<String> options) throws IOException, InterruptedException {
        var command = new ArrayList<>(List.of(ClassArchive.java()));
        command.addAll(ClassArchive.LAYOUT);
        command.addAll(ClassArchive.OPENED);
        command.addAll(options);
        command.add("Program");
        var process = new ProcessBuilder(command).redirectErrorStream(true).start();
        var output = new String(process.getInputStream().readAllBytes(), UTF_8);
        process.waitFor();
        return output;
    }

    private String runFromTheArchiveOrNotAtAll() throws IOException, InterruptedException {
        var options = new ArrayList<>(List.of("-Xshare:on", "-Xlog:class+load"));
        options.addAll(archive.use(program()));
        return run(options);
    }

    @Test
    void a_program_loads_its_libraries_from_it_also_after_its_own_classes_have_changed() throws Exception {
        var list = folder.resolve("program.classes");
        assertThat(run(List.of(ClassArchive.recording(list), "-cp", lib + "/*")))
                .isEqualTo("a library 1");
        archive.collect(List.of(program()));
        archive.make(List.of(list));

        assertThat(archive.fits(program())).isTrue();
        assertThat(runFromTheArchiveOrNotAtAll())
                .contains("a library 1")
                .containsPattern("Library source: shared objects file")
                .containsPattern("Program source: file:");
        writeProgram("2");
        assertThat(runFromTheArchiveOrNotAtAll()).contains("a library 2");
    }

    @Test
    void it_does_not_fit_a_program_that_has_another_library_by_now() throws Exception {
        archive.collect(List.of(program()));
        Files.writeString(folder.resolve("archive/classes.jsa"), "");
        assertThat(archive.fits(program())).isTrue();

        Files.move(lib.resolve("library-3.jar"), lib.resolve("library-4.jar"));

        assertThat(archive.fits(program())).isFalse();
    }

    @Test
    void a_class_that_quarkus_has_changed_in_two_ways_is_refused() throws Exception {
        var one = new Jars(List.of(), List.of(), new TreeMap<>(Map.of("io/Changed.class", new byte[] {1})));
        var other = new Jars(List.of(), List.of(), new TreeMap<>(Map.of("io/Changed.class", new byte[] {2})));

        assertThatThrownBy(() -> archive.collect(List.of(one, other)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("io/Changed.class");

        archive.collect(List.of(one));
        Files.writeString(folder.resolve("archive/classes.jsa"), "");
        assertThat(archive.fits(one)).isTrue();
        assertThat(archive.fits(other)).isFalse();
    }

    @Test
    void native_code_of_other_platforms_is_left_out() throws Exception {
        archive.collect(List.of(program()));

        try (var copy = new ZipFile(folder.resolve("archive/library-3.jar").toFile())) {
            assertThat(copy.stream().map(Object::toString))
                    .containsExactly("Library.class", "native/linux/amd64/libit.so");
        }
    }
}
