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
  - Makes, changes and removes a macvtap link, as C(ip link add link ... type macvtap) does. It is a macvlan link that a
    program such as a virtual machine sends and receives frames through, by the device file C(/dev/tapN). N is the
    interface index of the link.
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.link.lower
  - netloom.overlay.macvlan
  - netloom.overlay.changes
notes:
  - The device file is not made by this module. The kernel makes it where devtmpfs is mounted on C(/dev), and gives it
    to root. A link that is made anew has another interface index and so another file.
  - A host and its macvtap links do not reach each other over O(link).
  - A link beneath has either macvlan and macvtap links on it or ipvlan and ipvtap links, not both.
seealso:
  - module: netloom.overlay.macvlan_link
  - module: netloom.overlay.tuntap_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: A link with its own MAC address on eth0 for a virtual machine
  netloom.overlay.macvtap_link:
    name: mt0
    link: eth0
    mode: bridge
    mac: "02:00:00:00:00:10"

- name: Change what the kernel changes in place
  netloom.overlay.macvtap_link:
    name: mt0
    mode: private
    bcqueuelen: 2000

- name: Give all of eth0 to it, for which the kernel needs a new link
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
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip link add link eth0 name mt0 address 02:00:00:00:00:10 group 28268 type macvtap mode bridge
    - ip link set dev mt0 up
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_link


def main() -> None:
    """Run the module."""
    run_link("macvtap")


if __name__ == "__main__":
    main()
