#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove VRF links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vrf_link
short_description: Make, change and remove VRF links
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes a VRF (virtual routing and forwarding) link, as C(ip link add ... type vrf) does. Links
    that have it as their C(master) are routed by its table.
options:
  table:
    description:
      - Number of the routing table, 1 to 4294967295, V(default), V(main) or V(local) for the kernel's own, or a name in
        the host's C(rt_tables). A new link needs it.
      - Changed only with O(recreate=true).
    type: str
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.changes
notes:
  - A route of the VRF is one of its table, see O(netloom.overlay.ip_route#module:table).
seealso:
  - module: netloom.overlay.ip_route
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: A VRF with routing table 100
  netloom.overlay.vrf_link:
    name: vrf-red
    table: 100

- name: Change it in place
  netloom.overlay.vrf_link:
    name: vrf-red
    alias: customer red

- name: Give it another table, for which the kernel needs a new link
  netloom.overlay.vrf_link:
    name: vrf-red
    table: 101
    recreate: true

- name: Remove it
  netloom.overlay.vrf_link:
    name: vrf-red
    state: absent
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip link add vrf-red group 28268 type vrf table 100
    - ip link set dev vrf-red up
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_link


def main() -> None:
    """Run the module."""
    run_link("vrf")


if __name__ == "__main__":
    main()
