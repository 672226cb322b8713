#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove routes."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ip_route
short_description: Make, change and remove routes
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes one IPv4 or IPv6 route, as C(ip route) does.
  - Destination, table and metric tell one route from another. What else differs is replaced in place.
  - A new route carries protocol 110 as its mark.
options:
  dst:
    description:
      - Destination, a prefix such as V(10.99.0.0/16), an address, or V(default).
      - V(default) is of the family of O(via) or O(src), else of IPv4. IPv6's own is V(::/0).
    type: str
    required: true
  table:
    description:
      - Routing table, a number or V(main), V(default) or V(local). Left out, V(main).
    type: str
  metric:
    description:
      - Metric (preference), the lower the better. Left out, 0 for IPv4 and 1024 for IPv6.
    type: int
  type:
    description:
      - Type of the route. A new one is V(unicast).
    type: str
    choices: [unicast, local, broadcast, multicast, blackhole, unreachable, prohibit]
  encap:
    description:
      - Tunnel header that the route puts on each packet.
      - The keys are C(type) (V(ip) or V(ip6), of the outer header), C(id) (the VNI), C(dst), C(src) (addresses of the
        outer header), C(ttl) and C(tos).
    type: dict
  via:
    description:
      - Address of the next hop.
    type: str
  dev:
    description:
      - The link that packets leave by.
    type: str
  src:
    description:
      - Source address to prefer.
    type: str
  scope:
    description:
      - Scope of the route. Left out, V(link) for an IPv4 route without O(via), else V(global).
    type: str
    choices: [global, site, link, host, nowhere]
  onlink:
    description:
      - Take O(via) to be on the link although no address says so.
    type: bool
  mtu:
    description:
      - MTU along the route, in bytes.
    type: int
  advmss:
    description:
      - Segment size that TCP announces, in bytes.
    type: int
  state:
    description:
      - V(present) makes the route where there is none, and changes what is given here and differs. V(absent) removes
        it.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.ip_address
  - module: netloom.overlay.ip_neighbor
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: A default route in a namespace
  netloom.overlay.ip_route:
    dst: default
    via: 10.20.1.1
    netns: client1

- name: A subnet behind a tunnel endpoint, through a link in external mode
  netloom.overlay.ip_route:
    dst: 10.99.0.0/16
    dev: vx-ext
    encap: {type: ip, id: 42, dst: 10.0.0.2}

- name: Give it another endpoint
  netloom.overlay.ip_route:
    dst: 10.99.0.0/16
    dev: vx-ext
    encap: {type: ip, id: 42, dst: 10.0.0.3}

- name: Remove it
  netloom.overlay.ip_route:
    dst: 10.99.0.0/16
    state: absent
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip route add 10.99.0.0/16 encap ip id 42 dst 10.0.0.2 dev vx-ext
"""

from ansible_collections.netloom.overlay.plugins.module_utils.module import run_object


def main() -> None:
    """Run the module."""
    run_object("route")


if __name__ == "__main__":
    main()
