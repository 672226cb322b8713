# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Document what every link module takes, whatever the kind."""

from __future__ import annotations


class ModuleDocFragment:
    """Options of all link modules (links/any_link.py)."""

    DOCUMENTATION = r"""
options:
  name:
    description:
      - Name of the link, 15 bytes at most, without a slash or white space.
    type: str
    required: true
  state:
    description:
      - V(present) makes the link where there is none, and changes on it what is given here and differs.
      - V(absent) removes it with all that hangs on it.
    type: str
    choices: [present, absent]
    default: present
  from_netns:
    description:
      - The namespace to take the link from, where it is not in O(netns) yet. It is moved then, instead of made, and
        what is given here is set on it. V(host) is the namespace that the module runs in. Other forms as for O(netns).
      - A link that moves is set down by the kernel, and loses its master, addresses, routes, neighbor entries and port
        options. It is set up again where it was up, unless O(up) says otherwise. Its kind's own options stay, and the
        UDP socket of a tunnel stays where it is.
      - Without it no link is moved. The kernel moves no bridge and no vrf.
    type: str
  recreate:
    description:
      - Allow to remove the link and make it anew where the kernel cannot change an option on a living link, or where a
        link of another kind has the name. Addresses, routes, master, ports, port options, FDB, MDB and neighbor entries
        are put back.
      - Without it such a change is refused by the option's name.
    type: bool
    default: false
  mtu:
    description:
      - Largest packet in bytes, without the link-layer header.
      - A bridge of which this is not set follows the smallest of its ports.
    type: int
  mac:
    description:
      - Ethernet address (C(address) in iproute2's words), a unicast one. Quote it in YAML.
      - A new link gets a random one.
    type: str
    aliases: [address, lladdr]
  broadcast:
    description:
      - Ethernet address of broadcast frames. Quote it in YAML.
    type: str
    aliases: [brd]
  alias:
    description:
      - Text of up to 255 bytes that C(ip link) shows. An empty string takes it away.
    type: str
  token:
    description:
      - The last 64 bits of the addresses that the link gives itself when a router tells a prefix, V(::5)
        (C(ip token set)). V(none) or V(::) leaves them to O(addrgenmode).
      - The kernel takes none while the link does not ask for routers. It must do ARP, and its sysctls C(ipv6.accept_ra)
        and C(ipv6.router_solicitations) must not be 0; where it forwards, C(ipv6.accept_ra) is 2. Sysctls of the same
        task are set before.
    type: str
  altnames:
    description:
      - Further names of the link, of up to 127 bytes each (C(ip link property add ... altname)).
      - The link is found by them too, by C(ip) and wherever a module of this collection asks for a link, and is then
        told by its own name. A name that goes from one link to another in a task is that of the one that gets it.
      - The list is the whole wish. What is not in it is removed; an empty list removes all. Left out, names are not
        managed. Needs Linux 5.5.
    type: list
    elements: str
    aliases: [altname]
  txqueuelen:
    description:
      - Length of the transmit queue in packets.
    type: int
    aliases: [qlen, txqlen]
  master:
    description:
      - The link that this one becomes a port of, such as a bridge. V(none) takes it out of its master.
    type: str
    aliases: [vrf]
  group:
    description:
      - Link group, a number or its name in the host's C(/etc/iproute2/group). V(default) is 0.
      - A new link is put into group 28268, the mark by which O(netloom.overlay.network_state#module:state=overridden)
        and roles know what the collection made. A link that is given another group is not touched by them.
    type: str
  linkmode:
    description:
      - What the link says of itself when it has a carrier (C(mode) in iproute2's words). V(default) is up, V(dormant)
        waits for a program to say so, such as one for IEEE 802.1X. A new link has V(default).
    type: str
    choices: [default, dormant]
  index:
    description:
      - The link's number in its namespace (ifindex), 2 to 2147483647. Left out, one that is free. What is gathered does
        not tell it.
      - Changed only with O(recreate=true).
    type: int
  gso_max_size:
    description:
      - Largest packet in bytes that generic segmentation offload gives to the link, 524280 at most. More than
        65536 needs Linux 5.19. A value up to 65536 holds for IPv4 too, unless O(gso_ipv4_max_size) says another.
    type: int
  gso_max_segs:
    description:
      - Most segments of one packet of generic segmentation offload.
    type: int
  gro_max_size:
    description:
      - Largest packet in bytes that generic receive offload builds, 524280 at most. Needs Linux 5.17.
    type: int
  gso_ipv4_max_size:
    description:
      - As O(gso_max_size), for IPv4 alone. Needs Linux 6.3.
    type: int
  gro_ipv4_max_size:
    description:
      - As O(gro_max_size), for IPv4 alone. Needs Linux 6.3.
    type: int
  protodown:
    description:
      - Hold the link down for a protocol of the control plane, whatever O(up) says. The kernel takes it for VXLAN and
        macvlan links. A new link is not held down.
    type: bool
  protodown_reason:
    description:
      - Reasons to hold the link down, numbers 0 to 31 or their names in the host's C(protodown_reasons.d). While there
        is one, O(protodown) cannot be V(false). The kernel takes them for the links that take O(protodown).
      - The list is the whole wish. What is not in it is cleared. Needs Linux 5.9.
    type: list
    elements: str
  up:
    description:
      - Whether the link is set up. A new link is set up when this is left out; one that is there already is left as it
        is.
    type: bool
  promiscuity:
    description:
      - Take in frames for other addresses too (C(promisc)). Only what the user asked for counts, not what a bridge
        asks for its ports.
    type: bool
    aliases: [promisc]
  allmulticast:
    description:
      - Take in all multicast frames.
    type: bool
  arp:
    description:
      - Use ARP on the link.
    type: bool
  multicast:
    description:
      - Allow multicast on the link.
    type: bool
  dynamic:
    description:
      - The flag DYNAMIC. No driver of today does anything with it.
    type: bool
  trailers:
    description:
      - Not the flag NOTRAILERS. No driver of today does anything with it.
    type: bool
  addrgenmode:
    description:
      - How the kernel makes IPv6 interface identifiers. V(none) makes no link-local address.
        V(stable-privacy) is V(stable_secret).
    type: str
    choices: [eui64, none, stable_secret, random, stable-privacy]
"""

    TUNNEL = r"""
options:
  tos:
    description:
      - TOS byte of the outer header, 0 to 255 (also V(0x10)), or a code point by its name, such as V(AF41), V(CS6) or
        V(EF), or one in the host's C(rt_dsfield). V(inherit) takes the inner packet's. A new link has V(0).
      - Changed in place.
    type: str
    aliases: [dsfield]
  df:
    description:
      - The outer IPv4 header's bit "do not fragment". V(inherit) takes the inner packet's. A new link has V(unset).
        V(true) is V(set), and V(false) is V(unset).
      - Changed in place.
    type: str
    choices: [unset, set, inherit, "on", "off"]
  external:
    description:
      - Collect-metadata mode. Routes (C(encap ip)), tc or eBPF give VNI and remote packet by packet; O(vni) and
        O(remote) are left out. So are TTL (unless V(inherit)), TOS, flow label and checksums of a Geneve link.
      - Changed only with O(recreate=true).
    type: bool
  udp6zerocsumrx:
    description:
      - Take in packets without an UDP checksum over IPv6. Of a Geneve link with an IPv4 O(remote), which takes in
        nothing by IPv6, the kernel tells V(true), and V(false) changes nothing. One with O(external=true) takes such
        packets always, and V(false) is refused.
      - Changed only with O(recreate=true).
    type: bool
  link_netns:
    description:
      - The namespace from which the link is made (C(link-netns)), where that is not O(netns). The tunnel's UDP socket
        stays there, and the underlay is reached from there.
      - V(host) is the namespace that the module runs in. Other forms as for O(netns).
      - Changed only with O(recreate=true).
    type: str
"""

    LOWER = r"""
options:
  link:
    description:
      - The link beneath (C(link) in iproute2's words). A new link needs it.
      - Changed only with O(recreate=true).
    type: str
  link_netns:
    description:
      - The namespace in which O(link) is, where that is not O(netns).
      - V(host) is the namespace that the module runs in. Other forms as for O(netns).
      - Changed only with O(recreate=true).
    type: str
"""

    QUEUES = r"""
options:
  numtxqueues:
    description:
      - Number of transmit queues, 1 to 4096. A new link has V(1), a veth link one for each processor.
      - Changed only with O(recreate=true).
    type: int
  numrxqueues:
    description:
      - Number of receive queues, 1 to 4096. A new link has V(1), a veth link one for each processor.
      - Changed only with O(recreate=true).
    type: int
"""
