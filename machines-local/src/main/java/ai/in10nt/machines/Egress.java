package ai.in10nt.machines;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** What a machine may reach: itself, the model's port, its resolver and public addresses; nothing of this host or its network. */
final class Egress {
    private static final String PRIVATE_4 =
            "0.0.0.0/8, 127.0.0.0/8, 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 169.254.0.0/16, 100.64.0.0/10";

    private Egress() {}

    /** For nft, inside the machine's network namespace; the machine lacks the capability to change them. */
    static String rules() {
        return rules(resolvers(), null);
    }

    /**
     * The same for a machine that is a container.
     *
     * @param resolvers addresses that are asked for names
     * @param model the private address that it may reach all the same, {@code ADDRESS:PORT}
     */
    static String rules(List<String> resolvers, @Nullable String model) {
        var rules = new StringBuilder("""
                table inet machine {
                  chain out {
                    type filter hook output priority 0; policy accept;
                    oifname "lo" accept
                    ct state established,related accept
                """);
        for (var resolver : resolvers) {
            rules.append("    ip daddr ").append(resolver).append(" udp dport 53 accept\n");
            rules.append("    ip daddr ").append(resolver).append(" tcp dport 53 accept\n");
        }
        if (model != null) {
            int colon = model.lastIndexOf(':');
            rules.append("    ip daddr ")
                    .append(model, 0, colon)
                    .append(" tcp dport ")
                    .append(model.substring(colon + 1))
                    .append(" accept\n");
        }
        rules.append("    ip daddr { ").append(PRIVATE_4).append(" } reject with icmp type admin-prohibited\n");
        for (var address : ownAddresses()) {
            rules.append("    ip daddr ").append(address).append(" reject with icmp type admin-prohibited\n");
        }
        // Machines have no IPv6 yet.
        rules.append("    meta nfproto ipv6 reject\n  }\n}\n");
        return rules.toString();
    }

    static String resolvConf() {
        return resolvers().stream()
                .map(address -> "nameserver " + address + "\n")
                .collect(Collectors.joining());
    }

    /** The host's own IPv4 resolvers; one on its loopback isn't reachable from inside. */
    private static List<String> resolvers() {
        try {
            return Files.readAllLines(Path.of("/etc/resolv.conf")).stream()
                    .filter(line -> line.startsWith("nameserver"))
                    .map(line -> line.substring("nameserver".length()).strip())
                    .filter(address -> address.matches("[0-9.]+") && !address.startsWith("127."))
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static List<String> ownAddresses() {
        var addresses = new ArrayList<String>();
        try {
            for (var network : NetworkInterface.networkInterfaces().toList()) {
                network.inetAddresses()
                        .filter(address -> address instanceof Inet4Address && !address.isLoopbackAddress())
                        .forEach(address -> addresses.add(address.getHostAddress()));
            }
        } catch (SocketException e) {
            throw new IllegalStateException("this host's own addresses", e);
        }
        return addresses;
    }
}
