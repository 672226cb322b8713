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
  - Makes, changes and removes one nexthop object, as C(ip nexthop) does. Routes and FDB entries refer to the nexthop by
    number, so one change affects all of them.
  - A nexthop is a single next hop (O(via), O(dev), O(encap)), a blackhole, or a group of other nexthops. Differences
    are changed in place. A change between a group and a single next hop, or of O(fdb), O(type) or O(buckets), recreates
    the nexthop and restores its routes and groups.
  - The kernel removes routes together with their only nexthop, and removes the nexthops of a link that is set down.
  - A new nexthop has protocol 110, the mark of the collection.
  - Needs Linux 5.3.
options:
  id:
    description:
      - Number of the nexthop.
    type: int
    required: true
  via:
    description:
      - Address of the next hop. With O(fdb), address of a VTEP.
    type: str
  dev:
    description:
      - The output link. The link must be up and have a carrier. The module waits up to two seconds for the carrier of a
        link that was just set up. Required without O(blackhole), O(group) and O(fdb).
    type: str
  family:
    description:
      - Address family of the nexthop's routes. The default is the family of O(via), else V(ipv4). V(inet) and V(inet6)
        are iproute2's aliases.
    type: str
    choices: [ipv4, ipv6, inet, inet6]
  encap:
    description:
      - Tunnel header of each packet, as in M(netloom.overlay.ip_route).
    type: dict
  onlink:
    description:
      - Treat O(via) as on-link, although no address of the link has its subnet.
    type: bool
  blackhole:
    description:
      - Drop the packets.
    type: bool
  fdb:
    description:
      - Use the nexthop for FDB entries of VXLAN links instead of routes. All members of a group must have the same
        value.
      - Needs Linux 5.8.
    type: bool
  group:
    description:
      - Members of a group. The order has no meaning. An item can be only the number.
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
          - Weight of the member, 1 to 65535. The default is 1. More than 255 needs Linux 6.12.
        type: int
  type:
    description:
      - Type of a group. V(mpath) distributes flows by a hash and the weights. V(resilient) uses a table of buckets, so
        a changed member moves few flows.
      - Needs Linux 5.13.
    type: str
    choices: [mpath, resilient]
  buckets:
    description:
      - Number of buckets of a resilient group.
    type: int
  idle_timer:
    description:
      - Time without traffic after which a bucket of a resilient group may get another member, in seconds or with a unit
        (V(1.5s), V(200ms)). The kernel's resolution is 1/100 s.
    type: str
  unbalanced_timer:
    description:
      - Time that a resilient group may be unbalanced before active buckets move, in the same form. V(0) means no limit.
    type: str
  allow_kernel_hazard:
    description:
      - Send tunnel options of O(encap) to a kernel that can crash on them, see M(netloom.overlay.ip_route).
    type: bool
  state:
    description:
      - V(present) creates the nexthop if it does not exist, and changes options that differ. V(absent) removes the
        nexthop.
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
- name: Add a nexthop
  netloom.overlay.ip_nexthop:
    id: 1
    via: 192.0.2.1
    dev: eth1

- name: Add a second nexthop
  netloom.overlay.ip_nexthop:
    id: 2
    via: 198.51.100.1
    dev: eth2

- name: Group both nexthops with weights 3 and 1
  netloom.overlay.ip_nexthop:
    id: 10
    group:
      - {id: 1, weight: 3}
      - {id: 2}

- name: Add a group of two VTEPs for an FDB entry
  netloom.overlay.ip_nexthop:
    id: "{{ item.id }}"
    fdb: true
    via: "{{ item.via | default(omit) }}"
    group: "{{ item.group | default(omit) }}"
  loop:
    - {id: 21, via: 10.0.0.2}
    - {id: 22, via: 10.0.0.3}
    - {id: 20, group: [{id: 21}, {id: 22}]}

- name: Change the gateway of the first nexthop
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
  description:
    - The equivalent C(ip) and C(bridge) command lines in order. In check mode, the planned command lines.
    - After a failure, the command lines that were carried out before.
  returned: always
  type: list
  elements: str
  sample:
    - ip nexthop add id 1 via 192.0.2.1 dev eth1
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

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("nexthop")


if __name__ == "__main__":
    main()
