#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove VXLAN links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vxlan_link
short_description: Make, change and remove VXLAN links
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes a VXLAN tunnel link (RFC 7348), as C(ip link add ... type vxlan) does.
options:
  vni:
    description:
      - VXLAN network identifier (C(id)), 24 bits. Required for a new link, unless O(external=true).
      - This option changes only with O(recreate=true).
    type: int
    aliases: [id]
  remote:
    description:
      - Unicast address of the other tunnel endpoint, the destination of all frames without an FDB entry. V(none) means
        no remote.
      - Excludes O(multicast_group).
      - This option changes in place within one address family. A change to the other family needs O(recreate=true).
    type: str
  multicast_group:
    description:
      - Multicast address that all endpoints join (C(group)). Needs O(dev). V(none) means no group.
      - Excludes O(remote).
      - This option changes in place within one address family. A change to the other family needs O(recreate=true).
    type: str
  local:
    description:
      - Source address of the outer header, in the family of O(remote) or O(multicast_group). With V(none) the route
        decides.
      - This option changes in place within one address family. A change to the other family needs O(recreate=true). A
        link without addresses uses IPv4.
    type: str
  dev:
    description:
      - The output link on the underlay. The multicast group is joined on this link. The link also determines the MTU.
        With V(none) the route decides.
      - This option changes in place, except to V(none), which needs O(recreate=true).
    type: str
  ttl:
    description:
      - TTL of the outer header, 1 to 255. V(auto) (or V(0)) lets the route decide, and is the default of a new link.
        V(inherit) copies the TTL of the inner packet.
      - This option changes in place, except from and to V(inherit), which needs O(recreate=true).
    type: str
    aliases: [hoplimit]
  flowlabel:
    description:
      - Flow label of the outer IPv6 header, 20 bits. V(inherit) copies the flow label of the inner packet, and needs
        Linux 6.8. A new link has V(0). Other values need an IPv6 address in O(remote), O(multicast_group) or O(local).
      - This option changes in place.
    type: str
    aliases: [label]
  dstport:
    description:
      - UDP port of all endpoints. The default of a new link is 8472. IANA assigned 4789.
      - V(0) is the kernel's default port, as with C(ip link). The kernel's default is the parameter C(udp_port) of the
        kernel module, usually 8472, and 4790 with O(gpe).
      - Links with the same port and address family that are up must have the same O(external), O(gbp), O(gpe),
        O(remcsumrx), O(udp6zerocsumrx) and O(vnifilter). A link with O(external=true) uses both families. Links that
        differ in these options can coexist if only one of them is up.
      - This option changes only with O(recreate=true).
    type: int
  srcport:
    description:
      - Range of UDP source ports, V(LOW-HIGH). V(0-0) is the host's own range (C(net.ipv4.ip_local_port_range)) and the
        default of a new link.
      - This option changes only with O(recreate=true).
    type: str
  learning:
    description:
      - Learn the remote of a MAC address from received packets. A new link has V(true), or V(false) with
        O(external=true), as with C(ip link).
      - This option changes in place.
    type: bool
  proxy:
    description:
      - Answer ARP and neighbor discovery from the neighbor table.
      - This option changes only with O(recreate=true).
    type: bool
  rsc:
    description:
      - Route short circuit. Packets to a router's MAC address go directly to the next hop of the FDB.
      - This option changes only with O(recreate=true).
    type: bool
  l2miss:
    description:
      - Notify programs by netlink of MAC addresses without an FDB entry.
      - This option changes only with O(recreate=true).
    type: bool
  l3miss:
    description:
      - Notify programs by netlink of IP addresses without a neighbor entry.
      - This option changes only with O(recreate=true).
    type: bool
  udpcsum:
    description:
      - Send UDP checksums over IPv4. A new link has V(true).
      - This option changes only with O(recreate=true).
    type: bool
  udp6zerocsumtx:
    description:
      - Send no UDP checksums over IPv6.
      - This option changes only with O(recreate=true).
    type: bool
  remcsumtx:
    description:
      - Send with remote checksum offload.
      - This option changes only with O(recreate=true).
    type: bool
  remcsumrx:
    description:
      - Receive with remote checksum offload.
      - This option changes only with O(recreate=true).
    type: bool
  ageing:
    description:
      - Seconds after which a learned entry is removed, up to 4294967295. A new link has V(300).
      - Entries cannot be kept forever. The kernel and this option treat V(0), or V(none) in iproute2, as V(300).
      - This option changes in place.
    type: str
  maxaddress:
    description:
      - Largest number of FDB entries. V(0) or V(unlimited) means no limit and is the default of a new link.
      - This option changes only with O(recreate=true).
    type: str
  vnifilter:
    description:
      - Accept only the VNIs of O(vnis). Only for O(external=true). Needs Linux 5.18.
      - This option changes only with O(recreate=true).
    type: bool
  gbp:
    description:
      - Group policy extension. The header carries a mark with each frame.
      - This option changes only with O(recreate=true).
    type: bool
  gpe:
    description:
      - Generic protocol extension. The link carries packets without an inner Ethernet header. Only for
        O(external=true).
      - This option changes only with O(recreate=true).
    type: bool
  localbypass:
    description:
      - Deliver packets to another VXLAN link of this host without the UDP stack. A new link has V(true). Needs Linux
        6.5.
      - This option changes in place.
    type: bool
  vnis:
    description:
      - VNIs of a link with O(vnifilter=true), as C(bridge vni) sets them.
      - The list is complete. VNIs that are not in the list are removed. An empty list removes all VNIs. If this option
        is left out, VNIs are unmanaged. A new link has no VNIs.
      - An item can be a text with the VNIs, such as V(100-199).
      - A range equals its single VNIs. This option changes in place.
    type: list
    elements: dict
    suboptions:
      vni:
        description:
          - A VNI from 1, or a range such as V(100-199).
        type: str
        required: true
      group:
        description:
          - Multicast group of the VNI. Needs O(dev).
        type: str
      remote:
        description:
          - Remote of the VNI. Excludes O(vnis[].group).
        type: str
  reserved_bits:
    description:
      - Bits of the VXLAN header that must be zero in received packets, a number of 64 bits such as
        V(0xf7ffffff000000ff). Other packets are dropped. The kernel refuses bits that a feature of the link uses. The
        default is all other bits. Needs Linux 6.14.
      - This option changes only with O(recreate=true).
    type: str
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.link.tunnel
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.geneve_link
  - module: netloom.overlay.bridge_fdb
  - module: netloom.overlay.bridge_port
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Create a link with head-end replication, as a port of a bridge
  netloom.overlay.vxlan_link:
    name: red
    vni: 10001
    dstport: 4789
    local: 10.0.0.1
    learning: false
    master: br-red

- name: Change options in place
  netloom.overlay.vxlan_link:
    name: red
    local: 10.0.0.11
    ageing: 600

- name: Change the port, which recreates the link
  netloom.overlay.vxlan_link:
    name: red
    dstport: 4790
    recreate: true

- name: Create a link in a multicast group
  netloom.overlay.vxlan_link:
    name: grey
    vni: 77
    dstport: 4789
    multicast_group: 239.1.1.1
    dev: eth0

- name: Create one link for many VNIs
  netloom.overlay.vxlan_link:
    name: many
    external: true
    vnifilter: true
    dstport: 4791
    vnis:
      - {vni: 100-199}
      - {vni: 300, group: 239.1.1.1}

- name: Prepare a link with group policies beside an active link with the same VNI and port
  netloom.overlay.vxlan_link:
    name: red-gbp
    vni: 10001
    dstport: 4789
    gbp: true
    up: false

- name: Remove it
  netloom.overlay.vxlan_link:
    name: red
    state: absent
"""

RETURN = r"""
commands:
  description:
    - The equivalent C(ip) and C(bridge) command lines in order. In check mode, the planned command lines.
    - After a failure, the command lines that were carried out before.
  returned: always
  type: list
  elements: str
  sample:
    - ip link add red group 28268 type vxlan id 10001 local 10.0.0.1 dstport 4789 nolearning
    - ip link set dev red up
failure:
  description: The parts of the error message. A part that is unknown or that a failure does not have is null.
  returned: failure
  type: dict
  contains:
    object:
      description: The object as the message names it.
      returned: always
      type: str
    option:
      description: The option, or several with commas between them.
      returned: always
      type: str
    reason:
      description: The reason, with the values.
      returned: always
      type: str
    advice:
      description: A sentence that says what to do.
      returned: always
      type: str
  sample: {"object": "t0", "option": "mtu", "reason": "60 is not within 68..65535", "advice": "Give a larger value"}
rolled_back:
  description:
    - V(true) when the C(commands) of the failed run were rolled back. V(false) when at least a part of them was not.
      Null when nothing was carried out.
  returned: failure
  type: bool
  sample: true
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_link


def main() -> None:
    """Run the module."""
    run_link("vxlan")


if __name__ == "__main__":
    main()
