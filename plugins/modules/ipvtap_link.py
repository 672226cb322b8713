#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove ipvtap links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: ipvtap_link
short_description: Make, change and remove ipvtap links
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes an ipvtap link, as C(ip link add link ... type ipvtap) does. It is an ipvlan link that a
    program such as a virtual machine sends and receives packets through, by the device file C(/dev/tapN). N is the
    interface index of the link.
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.link.lower
  - netloom.overlay.ipvlan
  - netloom.overlay.changes
notes:
  - The device file is not made by this module. The kernel makes it where devtmpfs is mounted on C(/dev), and gives it
    to root. A link that is made anew has another interface index and so another file.
  - The kernel does not tell in which namespace the link beneath an ipvtap link is. So O(link) must be in O(netns), and
    another namespace in O(link_netns) is refused.
  - In one task of M(netloom.overlay.network_state), two links of one O(link) that ask for different modes or flags are
    refused.
  - The kernel gives an ipvtap link the MAC address of O(link) and does not change it. Leave O(mac) out.
  - A link beneath has either ipvlan and ipvtap links on it or macvlan and macvtap links, not both.
seealso:
  - module: netloom.overlay.ipvlan_link
  - module: netloom.overlay.tuntap_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: A link on eth0 for a virtual machine
  netloom.overlay.ipvtap_link:
    name: it0
    link: eth0
    mode: l2

- name: Change the mode and the flag of all ipvlan and ipvtap links on eth0, in place
  netloom.overlay.ipvtap_link:
    name: it0
    mode: l3
    flag: private

- name: Put it on another link, for which the kernel needs a new one
  netloom.overlay.ipvtap_link:
    name: it0
    link: eth1
    recreate: true

- name: Remove it
  netloom.overlay.ipvtap_link:
    name: it0
    state: absent
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip link add link eth0 name it0 group 28268 type ipvtap mode l2
    - ip link set dev it0 up
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_link


def main() -> None:
    """Run the module."""
    run_link("ipvtap")


if __name__ == "__main__":
    main()
