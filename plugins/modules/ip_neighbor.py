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
  - What was learned for the address is replaced. A new entry carries protocol 110 as its mark.
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
      - Its MAC address (C(lladdr)). Quote it in YAML.
      - A new entry needs it, unless it is O(managed) or a O(proxy).
    type: str
    aliases: [lladdr]
  nud:
    description:
      - State. V(permanent) stays until it is removed; V(noarp) is no subject of reachability checks, and goes when the
        link loses its carrier, or when the kernel's table of neighbors (one for all namespaces of the host) has more
        than C(gc_thresh2) entries, unless O(extern_learn=true). A new entry is V(permanent).
      - V(reachable), V(stale), V(delay) and V(probe) are what a new entry begins with. The kernel lets them pass into
        each other and, at last, the entry go, so any of them meets the wish as long as the MAC address is the one that
        is wished for; an entry that is gone is made again.
      - The states C(none), C(incomplete) and C(failed) are what the kernel is in while it looks for an address, and
        cannot be asked for; O(managed) makes it look.
    type: str
    choices: [permanent, noarp, reachable, stale, delay, probe]
  router:
    description:
      - The neighbor is a router (IPv6); a proxy entry answers as one.
    type: bool
  extern_learn:
    description:
      - A control plane learned it.
    type: bool
  managed:
    description:
      - The kernel finds the MAC address by itself, and asks again before it forgets it. Excludes O(mac) and O(nud).
        Needs Linux 5.16.
    type: bool
  extern_valid:
    description:
      - A control plane sees to it that the entry is right. The kernel still asks whether the neighbor is there, but
        keeps the entry when there is no answer, and does not drop it when the table is full. Excludes O(managed).
      - Needs Linux 6.17.
    type: bool
  proxy:
    description:
      - The host answers for the address on this link, as C(ip neigh add proxy) has it. The kernel does so only where it
        forwards (sysctl C(forwarding)). For IPv4 its route to the address leads out of another link; for IPv6 it wants
        the sysctl C(proxy_ndp).
      - Such an entry has neither O(mac) nor O(nud), and stands beside one for the same address that is no proxy.
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
- name: Tell the MAC address of an endpoint behind a tunnel
  netloom.overlay.ip_neighbor:
    dev: br-red
    dst: 10.20.2.7
    mac: "02:00:00:00:00:07"

- name: It has another one now
  netloom.overlay.ip_neighbor:
    dev: br-red
    dst: 10.20.2.7
    mac: "02:00:00:00:00:08"

- name: Let the kernel find the MAC address of a gateway, and keep it
  netloom.overlay.ip_neighbor:
    dev: eth0
    dst: 10.0.0.1
    managed: true

- name: Answer for an address that is elsewhere
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
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip neigh add 10.20.2.7 lladdr 02:00:00:00:00:07 nud permanent dev br-red
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_object


def main() -> None:
    """Run the module."""
    run_object("neighbor")


if __name__ == "__main__":
    main()
