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
  - Makes, changes and removes a macvlan link, as C(ip link add link ... type macvlan) does. It has a MAC address of its
    own on the link beneath.
options:
  mode:
    description:
      - Whether links on one O(link) talk to each other. V(private) does not let them, V(vepa) leaves it to the switch
        outside, V(bridge) lets them.
      - V(passthru) gives all of O(link) to this one link. Both have one MAC address then, so O(mac) changes that of
        O(link) too.
      - V(source) takes in frames from the MAC addresses of O(macaddrs) alone.
      - A new link has V(vepa) when this is left out.
      - Changed in place, but from and to V(passthru) with O(recreate=true).
    type: str
    choices: [private, vepa, bridge, passthru, source]
  nopromisc:
    description:
      - Do not put O(link) into promiscuous mode, for O(mode=passthru).
      - Changed in place.
    type: bool
  macaddrs:
    description:
      - All MAC addresses from which frames are taken in (C(macaddr set)), for O(mode=source). Quote them in YAML. An
        empty list takes all away.
      - The kernel refuses it with another mode, even an empty list. It forgets them when it leaves V(source) in place.
      - Changed in place.
    type: list
    elements: str
  bcqueuelen:
    description:
      - Length in packets of the queue for broadcast and multicast that is asked for. The links of one O(link) have one
        queue, as long as the longest that one of them asks for. A new link asks for V(1000). Needs Linux 5.11.
      - Changed in place.
    type: int
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.lower
  - netloom.overlay.changes
notes:
  - A host and its macvlan links do not reach each other over O(link).
  - A link beneath has either macvlan or ipvlan links on it, not both.
  - A macvtap link is made with M(netloom.overlay.network_state), as C(kind=macvtap) with the options of this module.
seealso:
  - module: netloom.overlay.ipvlan_link
  - module: netloom.overlay.netns
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: A link with its own MAC address on eth0, which takes in frames from two others alone
  netloom.overlay.macvlan_link:
    name: mv0
    link: eth0
    mode: source
    mac: "02:00:00:00:00:10"
    macaddrs: ["02:00:00:00:00:20", "02:00:00:00:00:21"]

- name: Change what the kernel changes in place
  netloom.overlay.macvlan_link:
    name: mv0
    mode: bridge
    bcqueuelen: 2000

- name: Give all of eth0 to it, for which the kernel needs a new link
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
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - >-
      ip link add link eth0 name mv0 address 02:00:00:00:00:10 group 28268 type macvlan mode source macaddr set
      02:00:00:00:00:20 02:00:00:00:00:21
    - ip link set dev mv0 up
"""

from ansible_collections.netloom.overlay.plugins.module_utils.module import run_link


def main() -> None:
    """Run the module."""
    run_link("macvlan")


if __name__ == "__main__":
    main()
