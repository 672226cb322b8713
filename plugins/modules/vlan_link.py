#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make, change and remove VLAN links."""

from __future__ import annotations

DOCUMENTATION = r"""
module: vlan_link
short_description: Make, change and remove VLAN links
version_added: 0.1.0
author:
  - netloom contributors (@netloom)
description:
  - Makes, changes and removes a link for one VLAN of the link beneath (IEEE 802.1Q, 802.1ad), as
    C(ip link add link ... type vlan) does.
options:
  id:
    description:
      - VLAN id, 0 to 4094. A new link needs it.
      - Changed only with O(recreate=true).
    type: int
  protocol:
    description:
      - Protocol of the tag. V(802.1Q) is 0x8100 and what a new link has; V(802.1ad) is 0x88a8.
      - Changed only with O(recreate=true).
    type: str
    aliases: [proto]
    choices: [802.1Q, 802.1ad, 802.1q]
  reorder_hdr:
    description:
      - Take the tag out of frames that come in. A new link does.
      - Changed in place.
    type: bool
  gvrp:
    description:
      - Register the VLAN with GVRP.
      - Changed in place.
    type: bool
  mvrp:
    description:
      - Register the VLAN with MVRP.
      - Changed in place.
    type: bool
  loose_binding:
    description:
      - Let this link be up while O(link) is down.
      - Changed in place.
    type: bool
  bridge_binding:
    description:
      - Let the ports of a bridge that are in the VLAN decide whether this link has a carrier, for an O(link) that is a
        bridge.
      - Changed in place.
    type: bool
  ingress_qos_map:
    description:
      - The whole map from the priority in the tag to the packet's (C(ingress-qos-map)), as a list of V(from:to)
        or V(from-to). C(from) is 0 to 7. A pair to 0 is no pair.
      - Quote each pair, since YAML reads some as numbers of base 60. An empty list takes all away.
      - Changed in place.
    type: list
    elements: str
  egress_qos_map:
    description:
      - The whole map from a packet's priority to the one in the tag (C(egress-qos-map)), as a list of V(from:to)
        or V(from-to). C(to) is 0 to 7. A pair to 0 is no pair.
      - Quote each pair, as with O(ingress_qos_map).
      - Changed in place.
    type: list
    elements: str
extends_documentation_fragment:
  - netloom.overlay.netns
  - netloom.overlay.link
  - netloom.overlay.link.queues
  - netloom.overlay.link.lower
  - netloom.overlay.changes
notes:
  - The kernel does not set the link up while O(link) is down, unless O(loose_binding=true).
  - A new link has the MAC address and the MTU of O(link), unless O(mac) and O(mtu) say otherwise.
seealso:
  - module: netloom.overlay.bridge_link
  - module: netloom.overlay.network_state
"""

EXAMPLES = r"""
- name: VLAN 5 of eth0, with priorities
  netloom.overlay.vlan_link:
    name: eth0.5
    link: eth0
    id: 5
    ingress_qos_map: ["1:5", "2:6"]
    egress_qos_map: ["0:7"]

- name: Change what the kernel changes in place
  netloom.overlay.vlan_link:
    name: eth0.5
    loose_binding: true
    ingress_qos_map: ["1:2"]
    egress_qos_map: []

- name: Give it another VLAN id, for which the kernel needs a new link
  netloom.overlay.vlan_link:
    name: eth0.5
    id: 6
    recreate: true

- name: Remove it
  netloom.overlay.vlan_link:
    name: eth0.5
    state: absent
"""

RETURN = r"""
commands:
  description: The equivalent C(ip) and C(bridge) command lines, in their order. In check mode, those that would be run.
  returned: success
  type: list
  elements: str
  sample:
    - ip link add link eth0 name eth0.5 group 28268 type vlan id 5 ingress-qos-map 1:5 2:6 egress-qos-map 0:7
    - ip link set dev eth0.5 up
"""

from ansible_collections.netloom.overlay.plugins.module_utils._ansible.module import run_link


def main() -> None:
    """Run the module."""
    run_link("vlan")


if __name__ == "__main__":
    main()
