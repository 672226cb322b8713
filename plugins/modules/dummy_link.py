#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove dummy links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: dummy_link
short_description: Make, change and remove dummy links
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes a dummy link, as C(ip link add ... type dummy) does. A dummy link drops all packets. Use
    a dummy link for addresses that do not belong to a network card.
options:
  carrier:
    description:
      - Whether the link has a carrier. A new link has V(true).
      - This option changes in place.
    type: bool
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.changes
seealso:
  - module: netloom.overlay.ip_address
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Create a link for the address of a VTEP
  netloom.overlay.dummy_link:
    name: vtep0
    mac: "02:00:00:00:00:10"

- name: Change the link in place
  netloom.overlay.dummy_link:
    name: vtep0
    mtu: 9000
    alias: address of the VTEP

- name: Remove it
  netloom.overlay.dummy_link:
    name: vtep0
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
    - ip link add vtep0 address 02:00:00:00:00:10 group 28268 type dummy
    - ip link set dev vtep0 up
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
    run_link("dummy")


if __name__ == "__main__":
    main()
