#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove nexthop objects and groups."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ip_nexthop
short_description: Make, change and remove nexthop objects and groups
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes one nexthop object, as C(ip nexthop) does. Routes and FDB entries lead to it by its
    number, so that one change turns them all.
  - A nexthop is a way (O(via), O(dev), O(encap)), a blackhole, or a group of other nexthops. What differs is changed in
    place. Where the kernel does not do that (a group that becomes none, O(fdb), O(type), O(buckets)) the nexthop is
    made anew, and routes and groups that have it are put back.
  - A removed nexthop takes the routes along that lead to it alone. A link that is set down takes its nexthops along.
  - A new nexthop carries protocol 110 as its mark.
  - Needs Linux 5.3.
options:
  id:
    description:
      - Number of the nexthop.
    type: int
    required: true
  via:
    description:
      - Address of the next hop. With O(fdb), of a VTEP.
    type: str
  dev:
    description:
      - The link that packets leave by. It must be up and have its carrier; that of a link which was just set up is
        waited for, two seconds at most. Needed but with O(blackhole), O(group) and O(fdb).
    type: str
  family:
    description:
      - Address family of the routes that may lead to it. Left out, that of O(via), else V(ipv4). iproute2's V(inet) and
        V(inet6) are the same two.
    type: str
    choices: [ipv4, ipv6, inet, inet6]
  encap:
    description:
      - Tunnel header that is put on each packet, as in M(netloom.overlay.ip_route).
    type: dict
  onlink:
    description:
      - Take O(via) to be on the link although no address says so.
    type: bool
  blackhole:
    description:
      - Drop the packets.
    type: bool
  fdb:
    description:
      - For FDB entries of VXLAN links instead of routes. All members of a group are, or none.
      - Needs Linux 5.8.
    type: bool
  group:
    description:
      - Members of a group. Their order says nothing. An item may be the number alone.
    type: list
    elements: dict
    suboptions:
      id:
        description:
          - Number of the member.
        type: int
        required: true
      weight:
        description:
          - Share of the member, 1 to 65535. Left out, 1. More than 255 needs Linux 6.12.
        type: int
  type:
    description:
      - Type of a group. V(mpath) shares out by a hash over the weights; V(resilient) by a table of buckets, so that a
        changed member moves few flows.
      - Needs Linux 5.13.
    type: str
    choices: [mpath, resilient]
  buckets:
    description:
      - Number of buckets of a resilient group.
    type: int
  idle_timer:
    description:
      - How long a bucket of a resilient group must be without traffic before it may get another member, in seconds,
        or with a unit (V(1.5s), V(200ms)). The kernel counts in hundredths of a second.
    type: str
  unbalanced_timer:
    description:
      - How long a resilient group may be out of balance before buckets move all the same, likewise. 0 is for ever.
    type: str
  allow_kernel_hazard:
    description:
      - Send tunnel options of O(encap) to a kernel that may die of them, see M(netloom.overlay.ip_route).
    type: bool
  state:
    description:
      - V(present) makes the nexthop where there is none, and changes what is given here and differs. V(absent) removes
        it.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.ip_route
  - module: netloom.overlay.bridge_fdb
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: The way to one router
  netloom.overlay.ip_nexthop:
    id: 1
    via: 192.0.2.1
    dev: eth1

- name: The way to another
  netloom.overlay.ip_nexthop:
    id: 2
    via: 198.51.100.1
    dev: eth2

- name: Both, the first with three times the share
  netloom.overlay.ip_nexthop:
    id: 10
    group:
      - {id: 1, weight: 3}
      - {id: 2}

- name: Two VTEPs for an FDB entry
  netloom.overlay.ip_nexthop:
    id: "{{ item.id }}"
    fdb: true
    via: "{{ item.via | default(omit) }}"
    group: "{{ item.group | default(omit) }}"
  loop:
    - {id: 21, via: 10.0.0.2}
    - {id: 22, via: 10.0.0.3}
    - {id: 20, group: [{id: 21}, {id: 22}]}

- name: The first by another router
  netloom.overlay.ip_nexthop:
    id: 1
    via: 192.0.2.2
    dev: eth1

- name: Remove the group
  netloom.overlay.ip_nexthop:
    id: 10
    state: absent
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip nexthop add id 1 via 192.0.2.1 dev eth1
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("nexthop")


if __name__ == "__main__":
    main()
