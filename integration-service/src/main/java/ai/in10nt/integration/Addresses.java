package ai.in10nt.integration;

import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;

/**
 * Which addresses a partner may have: a base URL is a user's text, and must not lead into the operator's network. Hosts are resolved
 * here, and the address that was looked at is the one that is connected to.
 */
final class Addresses {
    private Addresses() {}

    /** The host's name leads nowhere, or where it must not. */
    static final class Forbidden extends Exception {
        private static final long serialVersionUID = 1;

        Forbidden(String message) {
            super(message);
        }
    }

    static InetAddress of(String host, boolean allowPrivate) throws Forbidden {
        InetAddress[] all;
        try {
            all = InetAddress.getAllByName(host);
        } catch (UnknownHostException e) {
            throw new Forbidden("the name " + host + " isn't known");
        }
        if (!allowPrivate && Arrays.stream(all).anyMatch(address -> !isPublic(address))) {
            throw new Forbidden(host + " is at a private address");
        }
        return all[0];
    }

    static boolean isPublic(InetAddress address) {
        var bytes = address.getAddress();
        if (address.isAnyLocalAddress()
                || address.isLoopbackAddress()
                || address.isLinkLocalAddress()
                || address.isSiteLocalAddress()
                || address.isMulticastAddress()) {
            return false;
        }
        int first = bytes[0] & 0xff;
        int second = bytes[1] & 0xff;
        if (address instanceof Inet4Address) {
            // 0/8, 100.64/10 (shared), 192.0.0/24 and 198.18/15 (special), 240/4 (reserved).
            return first != 0
                    && !(first == 100 && (second & 0xc0) == 64)
                    && !(first == 192 && second == 0)
                    && !(first == 198 && (second & 0xfe) == 18)
                    && first < 240;
        }
        // Global unicast is 2000::/3; of it, what carries another address inside (6to4, Teredo, NAT64 is outside) isn't
        // for here.
        return (first & 0xe0) == 0x20
                && !(first == 0x20 && second == 0x02)
                && !(first == 0x20 && second == 0x01 && bytes[2] == 0);
    }
}
