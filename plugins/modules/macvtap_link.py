#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove macvtap links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: macvtap_link
short_description: Make, change and remove macvtap links
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes a macvtap link, as C(ip link add link ... type macvtap) does. A macvtap link is a macvlan
    link with a device file C(/dev/tapN), where N is the interface index of the link. A program such as a virtual
    machine sends and receives frames through the file.
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.link.lower
  - netloom.overlay.macvlan
  - netloom.overlay.changes
notes:
  - The kernel, not this module, makes the device file, if devtmpfs is mounted on C(/dev). The file belongs to root. A
    recreated link has another interface index, and so another file.
  - A host and its macvtap links cannot reach each other over O(link).
  - A lower device has either macvlan and macvtap links, or ipvlan and ipvtap links, not both.
seealso:
  - module: netloom.overlay.macvlan_link
  - module: netloom.overlay.tuntap_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: Create a link on eth0 for a virtual machine
  netloom.overlay.macvtap_link:
    name: mt0
    link: eth0
    mode: bridge
    mac: "02:00:00:00:00:10"

- name: Change options in place
  netloom.overlay.macvtap_link:
    name: mt0
    mode: private
    bcqueuelen: 2000

- name: Give the whole of eth0 to the link, which recreates the link
  netloom.overlay.macvtap_link:
    name: mt0
    mode: passthru
    recreate: true

- name: Remove it
  netloom.overlay.macvtap_link:
    name: mt0
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
    - ip link add link eth0 name mt0 address 02:00:00:00:00:10 group 28268 type macvtap mode bridge
    - ip link set dev mt0 up
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
    run_link("macvtap")


if __name__ == "__main__":
    main()
