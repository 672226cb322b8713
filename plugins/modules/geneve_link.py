#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove Geneve links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: geneve_link
short_description: Make, change and remove Geneve links
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes a Geneve tunnel link (RFC 8926), as C(ip link add ... type geneve) does.
options:
  vni:
    description:
      - Virtual network identifier (C(id)), 24 bits. Required for a new link, unless O(external=true).
      - This option changes only with O(recreate=true).
    type: int
    aliases: [id]
  remote:
    description:
      - Unicast address of the other tunnel endpoint, IPv4 or IPv6. Required for a new link, unless O(external=true).
      - This option changes in place within one address family. A change to the other family needs O(recreate=true).
    type: str
  ttl:
    description:
      - TTL of the outer header, 1 to 255. V(auto) (or V(0)) lets the route decide, and is the default of a new link.
        V(inherit) copies the TTL of the inner packet.
      - This option changes in place.
    type: str
    aliases: [hoplimit]
  flowlabel:
    description:
      - Flow label of the outer IPv6 header, 20 bits. A new link has V(0), which is the only value with an IPv4
        O(remote).
      - This option changes in place.
    type: int
    aliases: [label]
  dstport:
    description:
      - UDP port of both endpoints. The default of a new link is 6081.
      - This option changes only with O(recreate=true).
    type: int
  srcport:
    description:
      - Range of UDP source ports, V(LOW-HIGH). A new link has V(1-65535). Needs Linux 6.15.
      - This option changes only with O(recreate=true).
    type: str
  udpcsum:
    description:
      - Send UDP checksums over IPv4. With an IPv6 O(remote), or with O(external=true), V(false) changes nothing and
        V(true) is refused.
      - This option changes only with O(recreate=true).
    type: bool
  udp6zerocsumtx:
    description:
      - Send no UDP checksums over IPv6. With an IPv4 O(remote), or with O(external=true), V(false) changes nothing and
        V(true) is refused.
      - This option changes only with O(recreate=true).
    type: bool
  innerprotoinherit:
    description:
      - Carry IP packets without an inner Ethernet header. Needs Linux 5.18.
      - This option changes only with O(recreate=true).
    type: bool
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.link.tunnel
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.vxlan_link
  - module: netloom.overlay.bridge_port
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Create a tunnel to node2 as a port of a bridge
  netloom.overlay.geneve_link:
    name: gen0
    vni: 1000
    remote: 10.0.0.2
    dstport: 6082
    master: br0

- name: Change remote and TTL in place
  netloom.overlay.geneve_link:
    name: gen0
    remote: 10.0.0.3
    ttl: 64

- name: Change the VNI, which recreates the link
  netloom.overlay.geneve_link:
    name: gen0
    vni: 1001
    recreate: true

- name: Create a tunnel in a container, with its UDP socket on the host
  netloom.overlay.geneve_link:
    name: gen1
    netns: pidfile:/run/box1.pid
    link_netns: host
    vni: 7
    remote: 10.0.0.2

- name: Remove it
  netloom.overlay.geneve_link:
    name: gen0
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
    - ip link add gen0 group 28268 type geneve id 1000 remote 10.0.0.2 dstport 6082 && ip link set dev gen0 master br0
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
    run_link("geneve")


if __name__ == "__main__":
    main()
