#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove macvlan links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: macvlan_link
short_description: Make, change and remove macvlan links
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes a macvlan link, as C(ip link add link ... type macvlan) does. A macvlan link has its own
    MAC address on its lower device.
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.link.lower
  - netloom.overlay.macvlan
  - netloom.overlay.changes
notes:
  - A host and its macvlan links cannot reach each other over O(link).
  - A lower device has either macvlan or ipvlan links, not both.
seealso:
  - module: netloom.overlay.macvtap_link
  - module: netloom.overlay.ipvlan_link
  - module: netloom.overlay.netns
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Create a link on eth0 that receives frames only from two MAC addresses
  netloom.overlay.macvlan_link:
    name: mv0
    link: eth0
    mode: source
    mac: "02:00:00:00:00:10"
    macaddrs: ["02:00:00:00:00:20", "02:00:00:00:00:21"]

- name: Change options in place
  netloom.overlay.macvlan_link:
    name: mv0
    mode: bridge
    bcqueuelen: 2000

- name: Give the whole of eth0 to the link, which recreates the link
  netloom.overlay.macvlan_link:
    name: mv0
    mode: passthru
    recreate: true

- name: Remove it
  netloom.overlay.macvlan_link:
    name: mv0
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
    - >-
      ip link add link eth0 name mv0 address 02:00:00:00:00:10 group 28268 type macvlan mode source macaddr set
      02:00:00:00:00:20 02:00:00:00:00:21
    - ip link set dev mv0 up
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
    run_link("macvlan")


if __name__ == "__main__":
    main()
