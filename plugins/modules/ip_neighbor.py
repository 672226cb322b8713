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
      - Its MAC address (C(lladdr)). A new entry needs it. Quote it in YAML.
    type: str
  nud:
    description:
      - State. V(permanent) stays until it is removed; V(noarp) is no subject of reachability checks, and goes when the
        link loses its carrier. A new entry is V(permanent).
    type: str
    choices: [permanent, noarp]
  router:
    description:
      - The neighbor is a router (IPv6).
    type: bool
  extern_learn:
    description:
      - A control plane learned it.
    type: bool
  state:
    description:
      - V(present) makes the entry where there is none, and changes what is given here and differs. V(absent) removes
        it.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - netloom.overlay.netns
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

from ansible_collections.netloom.overlay.plugins.module_utils.module import run_object


def main() -> None:
    """Run the module."""
    run_object("neighbor")


if __name__ == "__main__":
    main()
