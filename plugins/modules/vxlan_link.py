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
      - VXLAN network identifier (C(id)), 24 bits. A new link needs it, unless O(external=true).
      - Changed only with O(recreate=true).
    type: int
    aliases: [id]
  remote:
    description:
      - Unicast address of the other tunnel endpoint, where all frames go whose MAC address has no FDB entry. V(none)
        is no remote.
      - Excludes O(multicast_group).
      - Changed in place within one address family, with O(recreate=true) to the other.
    type: str
  multicast_group:
    description:
      - Multicast address that all endpoints join (C(group)). Needs O(dev). V(none) is no group.
      - Excludes O(remote).
      - Changed in place within one address family, with O(recreate=true) to the other.
    type: str
  local:
    description:
      - Source address of the outer header, of the same family as O(remote) or O(multicast_group). V(none) lets the
        route decide.
      - Changed in place within one address family, with O(recreate=true) to the other. A link without addresses is one
        of IPv4.
    type: str
  dev:
    description:
      - The link of the underlay that packets leave by. It gives a multicast group its place, and the link its MTU.
        V(none) lets the route decide.
      - Changed in place, but to V(none) only with O(recreate=true).
    type: str
  ttl:
    description:
      - TTL of the outer header, 1 to 255. V(auto) (or V(0)) lets the route decide and is what a new link has;
        V(inherit) takes the inner packet's.
      - Changed in place, but from and to V(inherit) with O(recreate=true).
    type: str
    aliases: [hoplimit]
  flowlabel:
    description:
      - Flow label of the outer IPv6 header, 20 bits. V(inherit) takes the inner packet's, and needs Linux 6.8. A new
        link has V(0). All else is for a link with an IPv6 address (O(remote), O(multicast_group) or O(local)).
      - Changed in place.
    type: str
    aliases: [label]
  dstport:
    description:
      - UDP port of the other endpoints, and the one listened on. A new link has 8472 when this is left out; the port
        that IANA assigned is 4789.
      - V(0) is what the kernel takes when it is given none, as for C(ip link). That is 8472, or what the parameter
        C(udp_port) of the kernel module says, and 4790 with O(gpe).
      - Links of one port and address family that are up must agree in O(external), O(gbp), O(gpe), O(remcsumrx),
        O(udp6zerocsumrx) and O(vnifilter); one with O(external=true) listens on both families. Others can be beside
        each other, and one of them up.
      - Changed only with O(recreate=true).
    type: int
  srcport:
    description:
      - Range of UDP source ports, V(LOW-HIGH). V(0-0) is the host's own range (C(net.ipv4.ip_local_port_range)) and
        what a new link has.
      - Changed only with O(recreate=true).
    type: str
  learning:
    description:
      - Learn the remote of a MAC address from what comes in. A new link does. One with O(external=true) learns only
        when it is asked to, as with C(ip link).
      - Changed in place.
    type: bool
  proxy:
    description:
      - Answer ARP and neighbor discovery from the neighbor table.
      - Changed only with O(recreate=true).
    type: bool
  rsc:
    description:
      - Route short circuit. What is sent to a router's MAC address goes to the next hop of the FDB at once.
      - Changed only with O(recreate=true).
    type: bool
  l2miss:
    description:
      - Tell programs by netlink of MAC addresses that have no FDB entry.
      - Changed only with O(recreate=true).
    type: bool
  l3miss:
    description:
      - Tell programs by netlink of IP addresses that have no neighbor entry.
      - Changed only with O(recreate=true).
    type: bool
  udpcsum:
    description:
      - Send UDP checksums over IPv4. A new link does.
      - Changed only with O(recreate=true).
    type: bool
  udp6zerocsumtx:
    description:
      - Send no UDP checksums over IPv6.
      - Changed only with O(recreate=true).
    type: bool
  remcsumtx:
    description:
      - Send with remote checksum offload.
      - Changed only with O(recreate=true).
    type: bool
  remcsumrx:
    description:
      - Take in remote checksum offload.
      - Changed only with O(recreate=true).
    type: bool
  ageing:
    description:
      - Seconds after which a learned entry is forgotten, up to 4294967295. A new link has V(300).
      - There is no never. The kernel takes V(0), which iproute2 calls V(none), for V(300), and so does this option.
      - Changed in place.
    type: str
  maxaddress:
    description:
      - Most FDB entries. V(0) or V(unlimited) is no limit and what a new link has.
      - Changed only with O(recreate=true).
    type: str
  vnifilter:
    description:
      - Take in only the VNIs of O(vnis), for O(external=true). Needs Linux 5.18.
      - Changed only with O(recreate=true).
    type: bool
  gbp:
    description:
      - Group policy extension; carries a mark beside the frame.
      - Changed only with O(recreate=true).
    type: bool
  gpe:
    description:
      - Generic protocol extension; carries packets without an inner Ethernet header, for O(external=true).
      - Changed only with O(recreate=true).
    type: bool
  localbypass:
    description:
      - Deliver to another VXLAN link of this host without going through the UDP stack. A new link does. Needs Linux
        6.5.
      - Changed in place.
    type: bool
  vnis:
    description:
      - VNIs of a link with O(vnifilter=true), as C(bridge vni) sets them.
      - The list is the whole wish. What is not in it is removed; an empty list removes all. Left out, VNIs are not
        managed. A new link has none.
      - An item may be the VNIs alone, V(100-199).
      - Compared VNI by VNI, so that a range and its numbers one by one are the same. Changed in place.
    type: list
    elements: dict
    suboptions:
      vni:
        description:
          - A VNI from 1 on, or a range such as V(100-199).
        type: str
        required: true
      group:
        description:
          - Multicast group of the VNI. The link needs O(dev) then.
        type: str
      remote:
        description:
          - Remote of the VNI, where it has no group.
        type: str
  reserved_bits:
    description:
      - Bits of the VXLAN header that must be zero in what comes in, as a number of 64 bits, such as
        V(0xf7ffffff000000ff). Frames with another are dropped. The kernel refuses bits that a feature of the link
        uses, and takes all others where nothing is said. Needs Linux 6.14.
      - Changed only with O(recreate=true).
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
- name: VXLAN with head-end replication, as a port of a bridge
  netloom.overlay.vxlan_link:
    name: red
    vni: 10001
    dstport: 4789
    local: 10.0.0.1
    learning: false
    master: br-red

- name: Change what the kernel changes in place
  netloom.overlay.vxlan_link:
    name: red
    local: 10.0.0.11
    ageing: 600

- name: Move it to another port, for which the kernel needs a new link
  netloom.overlay.vxlan_link:
    name: red
    dstport: 4790
    recreate: true

- name: VXLAN in a multicast group
  netloom.overlay.vxlan_link:
    name: grey
    vni: 77
    dstport: 4789
    multicast_group: 239.1.1.1
    dev: eth0

- name: One link for many VNIs
  netloom.overlay.vxlan_link:
    name: many
    external: true
    vnifilter: true
    dstport: 4791
    vnis:
      - {vni: 100-199}
      - {vni: 300, group: 239.1.1.1}

- name: Get ready a link that carries group policies, beside the one that is up with the same VNI and port
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
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip link add red group 28268 type vxlan id 10001 local 10.0.0.1 dstport 4789 nolearning
    - ip link set dev red up
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_link


def main() -> None:
    """Run the module."""
    run_link("vxlan")


if __name__ == "__main__":
    main()
