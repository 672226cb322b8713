#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove neighbor entries."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ip_neighbor
short_description: Make, change and remove neighbor entries
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes one entry of the ARP or neighbor discovery table, as C(ip neighbor) does.
  - The entry replaces a learned entry. A new entry has protocol 110, the mark of the collection.
options:
  dev:
    description:
      - The link.
    type: str
    required: true
  dst:
    description:
      - IPv4 or IPv6 address of the neighbor.
    type: str
    required: true
  mac:
    description:
      - MAC address of the neighbor (C(lladdr)). Quote the address in YAML.
      - Required for a new entry without O(managed) or O(proxy).
    type: str
    aliases: [lladdr]
  nud:
    description:
      - State. A V(permanent) entry stays until it is removed. The kernel does not probe a V(noarp) entry. The kernel
        removes a V(noarp) entry when the link loses its carrier. The kernel also removes the entry when the neighbor
        table of all namespaces has more than C(gc_thresh2) entries, unless O(extern_learn=true). A new entry is
        V(permanent).
      - V(reachable), V(stale), V(delay) and V(probe) are initial states of a new entry. The kernel changes between
        these states and finally removes the entry. So each of them satisfies the task if the MAC address is right. The
        next run creates a removed entry again.
      - The states C(none), C(incomplete) and C(failed) are states of the kernel's address resolution, not values of
        this option. Use O(managed) to resolve an address.
    type: str
    choices: [permanent, noarp, reachable, stale, delay, probe]
  router:
    description:
      - The neighbor is a router (IPv6). A proxy entry answers as a router.
    type: bool
  extern_learn:
    description:
      - A control plane learned the entry.
    type: bool
  managed:
    description:
      - The kernel resolves the MAC address and refreshes it. Excludes O(mac) and O(nud). Needs Linux 5.16.
    type: bool
  extern_valid:
    description:
      - A control plane keeps the entry valid. The kernel probes the neighbor, but keeps the entry without an answer and
        when the table is full. Excludes O(managed).
      - Needs Linux 6.17.
    type: bool
  proxy:
    description:
      - The host answers for the address on this link (C(ip neigh add proxy)). The kernel answers only if the sysctl
        C(forwarding) is on. For IPv4 the route to the address must use another link. For IPv6 the sysctl C(proxy_ndp)
        must be on.
      - A proxy entry has neither O(mac) nor O(nud). A link can have a proxy entry and another entry for the same
        address.
    type: bool
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.entry
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.bridge_fdb
  - module: netloom.overlay.ip_route
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Set the MAC address of an endpoint behind a tunnel
  netloom.overlay.ip_neighbor:
    dev: br-red
    dst: 10.20.2.7
    mac: "02:00:00:00:00:07"

- name: Change the MAC address
  netloom.overlay.ip_neighbor:
    dev: br-red
    dst: 10.20.2.7
    mac: "02:00:00:00:00:08"

- name: Let the kernel resolve and refresh the MAC address of a gateway
  netloom.overlay.ip_neighbor:
    dev: eth0
    dst: 10.0.0.1
    managed: true

- name: Answer for the address of another link
  netloom.overlay.ip_neighbor:
    dev: br-red
    dst: 10.20.2.9
    proxy: true

- name: Remove the entry
  netloom.overlay.ip_neighbor:
    dev: br-red
    dst: 10.20.2.7
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
    - ip neigh add 10.20.2.7 lladdr 02:00:00:00:00:07 nud permanent dev br-red
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
    run_object("neighbor")


if __name__ == "__main__":
    main()
