package ai.in10nt.stack;

import java.util.List;

/** Those who use the keys that are rotated. */
interface KeyHolders {
    /** Where each replica of a module says what it measures; empty where none runs. */
    List<String> metrics(String module);

    /** Gives the newest of a key to all that have been given it before. */
    void hand(String name);

    /** The services of the stack on this machine. */
    static KeyHolders here(Settings settings, Home home) {
        return new KeyHolders() {
            @Override
            public List<String> metrics(String module) {
                return Status.services(settings, home).stream()
                        .filter(service -> service.name().startsWith(module) && service.pid() != 0)
                        .map(Status.Service::metrics)
                        .toList();
            }

            @Override
            public void hand(String name) {
                home.hand(name);
            }
        };
    }
}
