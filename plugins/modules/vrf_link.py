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
    with the VRF as their C(master) use the VRF's routing table.
options:
  table:
    description:
      - Routing table, a number from 1 to 4294967295, the kernel's V(default), V(main) or V(local), or a name in the
        host's C(rt_tables). Required for a new link.
      - This option changes only with O(recreate=true).
    type: str
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.changes
notes:
  - Routes of the VRF are in its table, see O(netloom.overlay.ip_route#module:table).
seealso:
  - module: netloom.overlay.ip_route
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Create a VRF with routing table 100
  netloom.overlay.vrf_link:
    name: vrf-red
    table: 100

- name: Change the link in place
  netloom.overlay.vrf_link:
    name: vrf-red
    alias: customer red

- name: Change the table, which recreates the link
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
  description:
    - The equivalent C(ip) and C(bridge) command lines in order. In check mode, the planned command lines.
    - After a failure, the command lines that were carried out before.
  returned: always
  type: list
  elements: str
  sample:
    - ip link add vrf-red group 28268 type vrf table 100
    - ip link set dev vrf-red up
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
    run_link("vrf")


if __name__ == "__main__":
    main()
