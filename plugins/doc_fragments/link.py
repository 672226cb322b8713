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
      - V(present) creates the link if it does not exist, and changes options that differ.
      - V(absent) removes the link with its dependent objects.
    type: str
    choices: [present, absent]
    default: present
  from_netns:
    description:
      - The namespace to take the link from if the link is not in O(netns). The link is moved instead of created, and
        then changed. V(host) is the namespace in which the module runs. The other forms are those of O(netns).
      - The kernel sets a moved link down. The link loses its master, addresses, routes, neighbor entries and port
        options. The module sets the link up again if it was up, unless O(up) says otherwise. The options of its kind
        are kept. The UDP socket of a tunnel stays in its namespace.
      - Without this option no link is moved. The kernel cannot move a bridge or a vrf.
    type: str
  recreate:
    description:
      - Recreate the link if the kernel cannot change an option of an existing link, or if a link of another kind has
        the name. Addresses, routes, master, ports, port options, FDB, MDB and neighbor entries, and sysctls are
        restored.
      - Without this option such a change is refused, and the message names the option.
    type: bool
    default: false
  mtu:
    description:
      - Largest packet in bytes, without the link-layer header.
      - A bridge without this option has the smallest MTU of its ports.
    type: int
  mac:
    description:
      - Unicast MAC address, C(address) in iproute2. Quote the address in YAML.
      - A new link has a random address by default.
    type: str
    aliases: [address, lladdr]
  broadcast:
    description:
      - MAC address of broadcast frames. Quote the address in YAML.
    type: str
    aliases: [brd]
  alias:
    description:
      - Text of up to 255 bytes that C(ip link) shows. An empty string removes the text.
    type: str
  token:
    description:
      - The last 64 bits of the IPv6 addresses that the link derives from a router's prefix, such as V(::5) (C(ip token
        set)). With V(none) or V(::), O(addrgenmode) decides.
      - The kernel accepts a token only on a link that solicits routers. The link must use ARP, and its sysctls
        C(ipv6.accept_ra) and C(ipv6.router_solicitations) must not be 0. On a link that forwards, C(ipv6.accept_ra)
        must be 2. Sysctls of the same task are set first.
    type: str
  altnames:
    description:
      - Alternative names of the link, up to 127 bytes each (C(ip link property add ... altname)).
      - C(ip) and all modules of this collection find a link by its alternative names, too. Results use the link's own
        name. If a task moves a name from one link to another, the name means the link that gets it.
      - The list is complete. Names that are not in the list are removed. An empty list removes all names. If this
        option is left out, names are unmanaged. Needs Linux 5.5.
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
      - The master of the link, such as a bridge. V(none) removes the link from its master.
    type: str
    aliases: [vrf]
  group:
    description:
      - Link group, a number or its name in the host's C(/etc/iproute2/group). V(default) is 0.
      - A new link has group 28268 by default, the mark of the collection.
        O(netloom.overlay.network_state#module:state=overridden) and the roles purge only links with this mark. A link
        with another group is foreign to them.
    type: str
  linkmode:
    description:
      - State of a link with carrier, C(mode) in iproute2. With V(default) the link is up at once. With V(dormant) a
        program must set the link up, such as one for IEEE 802.1X. A new link has V(default).
    type: str
    choices: [default, dormant]
  index:
    description:
      - Number of the link in its namespace (ifindex), 2 to 2147483647. The default is a free number. The gathered state
        does not include the number.
      - This option changes only with O(recreate=true).
    type: int
  gso_max_size:
    description:
      - Largest packet in bytes that generic segmentation offload gives to the link, 524280 at most. More than 65536
        needs Linux 5.19. A value up to 65536 also sets O(gso_ipv4_max_size), unless that option is given.
    type: int
  gso_max_segs:
    description:
      - Largest number of segments of one packet of generic segmentation offload.
    type: int
  gro_max_size:
    description:
      - Largest packet in bytes that generic receive offload builds, 524280 at most. Needs Linux 5.17.
    type: int
  gso_ipv4_max_size:
    description:
      - As O(gso_max_size), but only for IPv4. Needs Linux 6.3.
    type: int
  gro_ipv4_max_size:
    description:
      - As O(gro_max_size), but only for IPv4. Needs Linux 6.3.
    type: int
  protodown:
    description:
      - Keep the link down for a control plane protocol, regardless of O(up). The kernel supports this option on VXLAN
        and macvlan links. The default of a new link is V(false).
    type: bool
  protodown_reason:
    description:
      - Reasons to keep the link down, numbers 0 to 31 or names in the host's C(protodown_reasons.d). O(protodown)
        cannot be V(false) while the link has a reason. The kernel supports reasons on the same links as O(protodown).
      - The list is complete. Reasons that are not in the list are removed. Needs Linux 5.9.
    type: list
    elements: str
  up:
    description:
      - Whether the link is up. A new link is up by default. The state of an existing link is unmanaged by default.
    type: bool
  promiscuity:
    description:
      - Receive frames for other addresses too (C(promisc)). The option covers only the setting of users, not that of a
        bridge on its ports.
    type: bool
    aliases: [promisc]
  allmulticast:
    description:
      - Receive all multicast frames.
    type: bool
  arp:
    description:
      - Use ARP on the link.
    type: bool
  multicast:
    description:
      - Allow multicast on the link.
    type: bool
  addrgenmode:
    description:
      - Method of the kernel for IPv6 interface identifiers. V(none) disables link-local addresses. V(stable-privacy) is
        an alias of V(stable_secret).
    type: str
    choices: [eui64, none, stable_secret, random, stable-privacy]
"""

    TUNNEL = r"""
options:
  tos:
    description:
      - TOS byte of the outer header, 0 to 255 (also V(0x10)), a code point such as V(AF41), V(CS6) or V(EF), or a name
        in the host's C(rt_dsfield). V(inherit) copies the TOS of the inner packet. A new link has V(0).
      - This option changes in place.
    type: str
    aliases: [dsfield]
  df:
    description:
      - Bit "do not fragment" of the outer IPv4 header. V(inherit) copies the bit of the inner packet. A new link has
        V(unset). V(true) is an alias of V(set), and V(false) of V(unset).
      - This option changes in place.
    type: str
    choices: [unset, set, inherit, "on", "off"]
  external:
    description:
      - Collect-metadata mode. Routes (C(encap ip)), tc or eBPF set VNI and remote of each packet, so leave out O(vni)
        and O(remote). For a Geneve link also leave out TTL (except V(inherit)), TOS, flow label and checksums.
      - This option changes only with O(recreate=true).
    type: bool
  udp6zerocsumrx:
    description:
      - Receive packets without a UDP checksum over IPv6. For a Geneve link with an IPv4 O(remote) the kernel reports
        V(true), and V(false) changes nothing. A Geneve link with O(external=true) always receives such packets, so
        V(false) is refused.
      - This option changes only with O(recreate=true).
    type: bool
  link_netns:
    description:
      - The namespace of the tunnel's UDP socket and of the underlay, if not O(netns) (C(link-netns)).
      - V(host) is the namespace in which the module runs. The other forms are those of O(netns).
      - This option changes only with O(recreate=true).
    type: str
"""

    LOWER = r"""
options:
  link:
    description:
      - The lower device (C(link) in iproute2). Required for a new link.
      - This option changes only with O(recreate=true).
    type: str
  link_netns:
    description:
      - The namespace of O(link), if not O(netns).
      - V(host) is the namespace in which the module runs. The other forms are those of O(netns).
      - This option changes only with O(recreate=true).
    type: str
"""

    QUEUES = r"""
options:
  numtxqueues:
    description:
      - Number of transmit queues, 1 to 4096. The default of a new link is V(1). The default of a new veth link is one
        for each processor.
      - This option changes only with O(recreate=true).
    type: int
  numrxqueues:
    description:
      - Number of receive queues, 1 to 4096. The default of a new link is V(1). The default of a new veth link is one
        for each processor.
      - This option changes only with O(recreate=true).
    type: int
"""
